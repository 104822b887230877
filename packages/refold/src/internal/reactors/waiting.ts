import * as Effect from "effect/Effect"
import type { Metadata } from "../../Metadata.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import { type Event, type Journal, timersAfter } from "./journal.ts"

/** A timer that is set, and where it comes from. */
interface Timer {
  readonly at: number
  /** The version of the journal with which it was set. */
  readonly version: number
  readonly metadata: Metadata
}

/** A process, and the timers it waits for. */
interface Process {
  readonly tenant: string
  readonly key: string
  timers: Readonly<Record<string, Timer>>
}

/** A timer that is due. */
export interface Due extends Timer {
  readonly process: Process
  readonly name: string
}

/** The timers that are set, as of the journal's events so far. */
export class Waiting {
  private readonly processes = new Map<string, Process>()
  /** When the first of them is due, or before that; `Infinity` if none is set. */
  next = Infinity

  hear(events: ReadonlyArray<RecordedEvent<Event>>): void {
    for (const { event, id, metadata: { correlationId = id }, stream: { id: key, tenant }, version } of events) {
      const name = `${tenant}\0${key}`
      const process = this.processes.get(name) ?? { tenant, key, timers: {} }
      const metadata = { causationId: id, correlationId }
      process.timers = timersAfter(process.timers, event, (at): Timer => ({ at, version, metadata }))
      const timers = Object.values(process.timers)
      if (timers.length === 0) this.processes.delete(name)
      else this.processes.set(name, process)
      for (const { at } of timers) this.next = Math.min(this.next, at)
    }
  }

  /** Those that are due by an instant; finds out when the next one will be. */
  due(now: number): ReadonlyArray<Due> {
    const due: Array<Due> = []
    this.next = Infinity
    for (const process of this.processes.values()) {
      for (const [name, timer] of Object.entries(process.timers)) {
        if (timer.at <= now) due.push({ ...timer, process, name })
        else this.next = Math.min(this.next, timer.at)
      }
    }
    return due
  }

  /** Has one go off. What is to be known of it comes through the log; until then it is not to be tried again. */
  fire(journal: Journal, { at, metadata, name, process, version }: Due) {
    const { key, tenant } = process
    return journal.execute(key, { _tag: "Fire", timer: name, at }, { metadata, seen: version }).pipe(
      Effect.provideService(Tenant, tenant),
      Effect.tap(() =>
        Effect.sync(() => {
          if (process.timers[name]?.version !== version) return
          const { [name]: _, ...others } = process.timers
          process.timers = others
        })
      )
    )
  }
}
