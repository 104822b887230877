import type { RecordedEvent } from "../../RecordedEvent.ts"
import { type Event, timersAfter } from "./journal.ts"

/** A timer of a process, and when it is due. */
export interface Timer {
  readonly tenant: string
  readonly key: string
  readonly timer: string
  readonly at: number
}

/** The timers that are set, as of the journal's events so far. */
export class Waiting {
  private readonly processes = new Map<string, Pick<Timer, "tenant" | "key"> & { readonly timers: Timers }>()

  hear(events: ReadonlyArray<RecordedEvent<Event>>): void {
    for (const { event, stream: { id: key, tenant } } of events) {
      const name = `${tenant}\0${key}`
      const timers = timersAfter(this.processes.get(name)?.timers ?? {}, event)
      if (Object.keys(timers).length === 0) this.processes.delete(name)
      else this.processes.set(name, { tenant, key, timers })
    }
  }

  /** The timers that are due at an instant, and when the first of the others will be; `Infinity` if there are none. */
  at(now: number): { readonly due: ReadonlyArray<Timer>; readonly next: number } {
    const due: Array<Timer> = []
    let next = Infinity
    for (const { key, tenant, timers } of this.processes.values()) {
      for (const [timer, at] of Object.entries(timers)) {
        if (at <= now) due.push({ tenant, key, timer, at })
        else next = Math.min(next, at)
      }
    }
    return { due, next }
  }
}

type Timers = Readonly<Record<string, number>>
