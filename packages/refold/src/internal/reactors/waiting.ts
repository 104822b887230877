import * as Effect from "effect/Effect"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import type { Event, Journal } from "./journal.ts"
import type { Timer, Timers, Timetable } from "./timetable.ts"

/** A process, and the timers it waits for. */
interface Process {
  readonly tenant: string
  readonly key: string
  timers: Timers
}

/** A timer that is due. */
export interface Due extends Timer {
  readonly process: Process
  readonly name: string
}

/** The timers that are set for instants up to a horizon. Of later ones nothing is known: they are in the timetable. */
export class Waiting {
  private readonly processes = new Map<string, Process>()
  private readonly timetable: Timetable
  readonly horizon: number
  /** When the first of them is due, or before that; `Infinity` if none is set. */
  next = Infinity

  constructor(timetable: Timetable, horizon: number) {
    this.timetable = timetable
    this.horizon = horizon
  }

  /** What a process waits for from now on. */
  set(tenant: string, key: string, all: Timers): void {
    const timers = Object.fromEntries(Object.entries(all).filter(([, { at }]) => at <= this.horizon))
    const name = `${tenant}\0${key}`
    this.processes.delete(name)
    for (const { at } of Object.values(timers)) {
      this.processes.set(name, { tenant, key, timers })
      this.next = Math.min(this.next, at)
    }
  }

  hear(events: ReadonlyArray<RecordedEvent<Event>>): void {
    for (const recorded of events) {
      const { tenant } = recorded.stream
      for (const key of this.timetable.keys(recorded)) {
        const timers = this.processes.get(`${tenant}\0${key}`)?.timers ?? this.timetable.initial
        this.set(tenant, key, this.timetable.evolve(timers, recorded, key) ?? this.timetable.initial)
      }
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
  fire(journal: Journal, { at, causationId, correlationId, name, process, version }: Due) {
    const { key, tenant } = process
    const metadata = { causationId, correlationId }
    return journal.execute(key, { _tag: "Fire", timer: name, at }, { metadata, seen: version }).pipe(
      Effect.provideService(Tenant, tenant),
      Effect.tap(() =>
        Effect.sync(() => {
          const { timers } = this.processes.get(`${tenant}\0${key}`) ?? process
          if (timers[name]?.version !== version) return
          const { [name]: _, ...others } = timers
          this.set(tenant, key, others)
        })
      )
    )
  }
}
