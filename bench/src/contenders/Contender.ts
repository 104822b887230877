/** What a contender has to be able to do. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Audit } from "../Audit.ts"
import { BenchFailure } from "../BenchFailure.ts"
import type { Log } from "../log.ts"

export interface Contender<S> {
  readonly name: string
  /** Gets ready for so many clients, on a database of its own at `url`. */
  readonly open: (target: { readonly url: string; readonly clients: number }) => Effect.Effect<
    S,
    BenchFailure,
    Scope.Scope
  >
}

/** For each client the streams it works on, one after the other. All clients are at work at once. */
export type Turns = ReadonlyArray<ReadonlyArray<string>>

/** The sum over all turns of what a turn counts: attempts to append, or events that were loaded. */
export type Count = Effect.Effect<number, BenchFailure>

export interface Audited {
  /** Looks at all that was stored. */
  readonly audit: Effect.Effect<Audit, BenchFailure>
}

export interface Seedable {
  /** Gives each of these new streams a history of so many events. */
  readonly seed: (streams: ReadonlyArray<string>, length: number) => Effect.Effect<void, BenchFailure>
}

export interface Appends extends Audited {
  /** Appends one event to each stream, which must be new. */
  readonly append: (turns: Turns) => Count
  /** How many appends a second the last run made, by its own clock; connecting and starting do not count. */
  readonly rate?: () => number
}

export interface Races extends Audited, Seedable {
  /** Appends one event to a stream that others append to as well, until it is in; counts the attempts. */
  readonly race: (turns: Turns) => Count
}

export interface Executes extends Audited, Seedable {
  /** Decides a deposit on the state of the stream and appends it. */
  readonly execute: (turns: Turns) => Count
}

export interface Loads extends Audited, Seedable {
  /** Folds the stream; counts its events. */
  readonly load: (turns: Turns) => Count
}

export interface ReadsLogs extends Audited {
  /** Stores a log in an empty database. */
  readonly store: (log: Log) => Effect.Effect<void, BenchFailure>
}

export interface Reads extends ReadsLogs {
  /** Reads the log of so many events from its beginning to its end, once, and adds up the deposits. */
  readonly read: (log: Log) => Count
}

export interface Projects extends ReadsLogs {
  /** Makes ready to count the events of every stream, from the beginning. */
  readonly forget: Effect.Effect<void, BenchFailure>
  /** Counts them, in the database, so that each event counts once, whatever happens meanwhile. */
  readonly project: (log: Log) => Effect.Effect<void, BenchFailure>
  /** Fails unless the counts are right. */
  readonly verify: (who: string, log: Log) => Effect.Effect<void, BenchFailure>
}

export interface Follows extends Audited {
  /** Appends one event to a new stream. */
  readonly append: (stream: string) => Promise<unknown>
  /** From now on, tells of each event of the log as soon as a reader has it. */
  readonly follow: (seen: (stream: string) => void) => Effect.Effect<void, BenchFailure, Scope.Scope>
  /** Whether a reader is known to miss events, or to have them twice, where many are appended at once. */
  readonly isLossy?: boolean
}

/** Clients that are promises. */
export const promises = (turns: Turns, turn: (stream: string, client: number) => Promise<number>): Count =>
  Effect.map(
    attempt(() =>
      Promise.all(turns.map(async (streams, client) => {
        let total = 0
        for (const stream of streams) total += await turn(stream, client)
        return total
      }))
    ),
    sum
  )

/** Clients that are fibers. */
export const fibers = <E, R>(
  turns: Turns,
  turn: (stream: string, client: number) => Effect.Effect<number, E, R>
): Effect.Effect<number, BenchFailure, R> =>
  Effect.forEach(
    turns,
    Effect.fnUntraced(function*(streams, client) {
      let total = 0
      for (const stream of streams) total += yield* turn(stream, client)
      return total
    }),
    { concurrency: "unbounded" }
  ).pipe(Effect.map(sum), Effect.mapError((error) => new BenchFailure({ message: String(error), cause: error })))

/** A promise of foreign code, whose rejection ends the benchmark. */
export const attempt = <A>(evaluate: () => Promise<A>): Effect.Effect<A, BenchFailure> =>
  Effect.tryPromise({
    try: evaluate,
    catch: (cause) => new BenchFailure({ message: String(cause), cause })
  })

/** Does something for every stream, a few at a time. */
export const forEachStream = (
  streams: ReadonlyArray<string>,
  concurrency: number,
  each: (stream: string) => Promise<unknown>
): Effect.Effect<void, BenchFailure> =>
  attempt(async () => {
    const rest = streams.values()
    await Promise.all(Array.from({ length: concurrency }, async () => {
      for (const stream of rest) await each(stream)
    }))
  })

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, number) => total + number, 0)
