/** Natural batching: while one batch is under way, the next one fills. No timer, and no wait when nothing is under way. */
import type * as Account from "../../account.ts"

/** The position of the last event, or that the stream was not at the expected version. */
export type Outcome = number | "refused"

/** The appends to one stream in one batch. They build on one another, so they are accepted or refused together. */
export interface Group {
  readonly stream: string
  /** The version the stream must have. */
  readonly expected: number
  readonly events: Array<Account.AccountEvent>
  readonly done: Promise<Outcome>
  readonly settle: (outcome: Outcome) => void
  readonly fail: (cause: unknown) => void
}

export class Batcher {
  #filling = new Map<string, Group>()
  #sending = false
  readonly #send: (groups: ReadonlyArray<Group>) => Promise<ReadonlyMap<string, number>>

  /** `send` returns the positions for the streams that were at their expected version, and have the events now. */
  constructor(send: (groups: ReadonlyArray<Group>) => Promise<ReadonlyMap<string, number>>) {
    this.#send = send
  }

  /** Appends the event unless the stream's version is another than the expected one. */
  append(stream: string, expected: number, event: Account.AccountEvent): Promise<Outcome> {
    const group = this.#filling.get(stream)
    if (group !== undefined && expected !== group.expected + group.events.length) {
      // whether it holds is known when the group is
      return group.done.then(() => this.append(stream, expected, event))
    }
    if (group !== undefined) {
      group.events.push(event)
      return group.done
    }
    const { promise, reject, resolve } = Promise.withResolvers<Outcome>()
    this.#filling.set(stream, { stream, expected, events: [event], done: promise, settle: resolve, fail: reject })
    if (!this.#sending) void this.#drain()
    return promise
  }

  async #drain(): Promise<void> {
    this.#sending = true
    for (;;) {
      // whoever starts now, or was just answered and comes back, travels along
      await new Promise<void>((resolve) => process.nextTick(resolve))
      if (this.#filling.size === 0) break
      const groups = [...this.#filling.values()]
      this.#filling = new Map()
      try {
        const accepted = await this.#send(groups)
        for (const group of groups) group.settle(accepted.get(group.stream) ?? "refused")
      } catch (cause) {
        for (const group of groups) group.fail(cause)
      }
    }
    this.#sending = false
  }
}
