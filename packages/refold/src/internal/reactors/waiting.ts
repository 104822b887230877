import type { RecordedEvent } from "../../RecordedEvent.ts"
import { type Event, timersAfter } from "./journal.ts"

/** A timer of a process, and when it is due. */
export interface Timer {
  readonly tenant: string
  readonly key: string
  readonly timer: string
  readonly at: number
}

/** A timer that is due, and the version of the journal at which it was set. */
export interface Due extends Timer {
  readonly seen: number
}

interface Process {
  readonly timers: Readonly<Record<string, number>>
  readonly version: number
}

/** The timers that are set, as of the journal's events so far. There may be very many, of which few are due. */
export class Waiting {
  private readonly processes = new Map<string, Process>()
  private readonly queue = new Queue()

  hear(events: ReadonlyArray<RecordedEvent<Event>>): void {
    for (const { event, stream: { id: key, tenant }, version } of events) {
      const name = nameOf(tenant, key)
      const before = this.processes.get(name)?.timers ?? {}
      const after = timersAfter(before, event)
      for (const [timer, at] of Object.entries(after)) {
        if (before[timer] !== at) this.queue.push({ tenant, key, timer, at })
      }
      if (Object.keys(after).length === 0) this.processes.delete(name)
      else this.processes.set(name, { timers: after, version })
    }
  }

  /** When the first timer is due; `Infinity` if none is set. */
  next(): number {
    return this.first()?.at ?? Infinity
  }

  /** Of the timers that are due by now, those of the earliest instant. They are not given again. */
  take(now: number): ReadonlyArray<Due> {
    const due: Array<Due> = []
    for (let timer = this.first(); timer !== undefined; timer = this.first()) {
      if (timer.at > now || (due[0] !== undefined && timer.at > due[0].at)) break
      due.push({ ...timer, seen: this.processes.get(nameOf(timer.tenant, timer.key))?.version ?? 0 })
      this.queue.pop()
    }
    return due
  }

  /** Those that were moved or taken back are still in the queue. */
  private first(): Timer | undefined {
    for (;;) {
      const timer = this.queue.peek()
      if (timer === undefined) return undefined
      if (this.processes.get(nameOf(timer.tenant, timer.key))?.timers[timer.timer] === timer.at) return timer
      this.queue.pop()
    }
  }
}

const nameOf = (tenant: string, key: string) => `${tenant}\0${key}`

/** A binary heap: the earliest is first, and of one instant the one that was set first. */
class Queue {
  private readonly heap: Array<Timer & { readonly order: number }> = []
  private pushed = 0

  peek(): Timer | undefined {
    return this.heap[0]
  }

  push(timer: Timer): void {
    this.heap.push({ ...timer, order: this.pushed++ })
    for (let child = this.heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1
      if (this.isInOrder(parent, child)) return
      this.swap(parent, child)
      child = parent
    }
  }

  pop(): void {
    this.swap(0, this.heap.length - 1)
    this.heap.pop()
    for (let parent = 0;;) {
      const left = 2 * parent + 1
      if (left >= this.heap.length) return
      const child = left + 1 < this.heap.length && this.isInOrder(left + 1, left) ? left + 1 : left
      if (this.isInOrder(parent, child)) return
      this.swap(parent, child)
      parent = child
    }
  }

  private isInOrder(first: number, second: number): boolean {
    const [a, b] = [this.heap[first]!, this.heap[second]!]
    return a.at < b.at || (a.at === b.at && a.order < b.order)
  }

  private swap(a: number, b: number): void {
    const timer = this.heap[a]!
    this.heap[a] = this.heap[b]!
    this.heap[b] = timer
  }
}
