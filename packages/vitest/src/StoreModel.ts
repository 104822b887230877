/**
 * Random concurrent programs against an event store, whose outcome a plain list of events must be able to explain.
 *
 * @since 0.1.0
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { EventStore } from "refold/EventStore"
import type { EventStoreError } from "refold/EventStoreError"
import { describe } from "./internal/model/describe.ts"
import * as FiguresOf from "./internal/model/figures.ts"
import { judge } from "./internal/model/judge.ts"
import { play } from "./internal/model/play.ts"
import { programs } from "./internal/model/programs.ts"

/**
 * One of the clients that work at the same time: an instance of the store, as a process of its own would have.
 *
 * **Details**
 *
 * `transact` is for engines with transactions: it runs what it is given in a transaction of the user's, commits it or
 * rolls it back, and fails if what it was given fails or the transaction could not be ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Client {
  readonly store: EventStore["Service"]
  readonly transact?:
    | ((self: Effect.Effect<void, EventStoreError>, end: "commit" | "rollback") => Effect.Effect<void, EventStoreError>)
    | undefined
}

/**
 * What to run, and on what.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** May all be the same; several instances on one database race more. */
  readonly clients: readonly [Client, ...ReadonlyArray<Client>]
  /** Breaks one of the connections of the clients; the number, from 0 to 99, says which. */
  readonly kill?: ((session: number) => Effect.Effect<void>) | undefined
  /** How many programs; 100 by default. */
  readonly runs?: number | undefined
  /** The same seed makes the same programs; it is random by default. */
  readonly seed?: string | number | undefined
  /** What a failure gave as its `replay`, to run only the program that failed. */
  readonly replay?: string | undefined
  /**
   * How long a program may take, and then how long its subscribers may take to see its last event; 10 seconds by default.
   * What fails is shrunk for five times as long.
   */
  readonly patience?: Duration.Input | undefined
  /** Told of every program that has passed. */
  readonly onProgress?: ((figures: Figures) => Effect.Effect<void>) | undefined
}

/**
 * What came of all programs together.
 *
 * @category models
 * @since 0.1.0
 */
export interface Figures {
  readonly programs: number
  /** Appends to single streams, by clients and by aggregates, of which their clients were told that they are in. */
  readonly acknowledged: number
  /** How many of these repeated an append whose events were there already. */
  readonly repeated: number
  readonly refused: number
  /** Those that came with event ids of something else. */
  readonly taken: number
  readonly rolledBack: number
  /** Those whose clients were interrupted, or told that the store is not available. */
  readonly unknown: number
  /** How many of these are in nevertheless. */
  readonly unknownFoundIn: number
  readonly events: number
  readonly commands: number
  /** Commands that ended with a `Conflict`. */
  readonly conflicts: number
  readonly readings: number
  readonly subscribers: number
}

/**
 * A program led to what no serial history can explain. The message tells what is wrong, and the program.
 *
 * @category errors
 * @since 0.1.0
 */
export class StoreModelFailed extends Data.TaggedError("StoreModelFailed")<{
  readonly message: string
  readonly seed: string | number
  readonly replay: string | undefined
  /** How many programs had been run. */
  readonly runs: number
}> {}

/**
 * Runs random programs of concurrent clients: appends under every condition, to one stream and to several, again under
 * the same event ids, commands, reads, subscribers that start somewhere in the middle, interruptions, and, where clients
 * can have them, transactions and broken connections; for two tenants.
 *
 * **Details**
 *
 * Afterwards every stream must be a serial history in which each accepted append stands where its condition holds, and
 * each refusal tells of a version and missed events that were true; what was acknowledged is in once, what was refused or
 * rolled back is not, what is unknown is in as a whole or not at all; what was sent again is in once; every subscriber has seen each event once and in
 * order; and nobody was told of less than somebody had been told before.
 *
 * A failure is shrunk, as far as the race can be repeated. Needs the real clock.
 *
 * @category testing
 * @since 0.1.0
 */
export const check = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Figures, StoreModelFailed> {
  const { clients, kill, onProgress, patience = "10 seconds", replay, runs = 100 } = options
  const seed = options.seed ?? globalThis.crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
  const able = { clients: clients.length, transactions: clients.every(({ transact }) => transact !== undefined) }
  let figures = FiguresOf.none
  const shrinking = Duration.toMillis(patience) * 5
  let first: { readonly problems: ReadonlyArray<string>; readonly at: number } | undefined

  const result = yield* Arbitrary.checkEffect(
    programs({ ...able, kills: kill !== undefined }),
    Effect.fnUntraced(function*(program) {
      const now = yield* Clock.currentTimeMillis
      if (first !== undefined && now > first.at + shrinking) return true
      const history = yield* play(program, { clients, kill, patience })
      const problems = judge(history)
      if (problems.length > 0) {
        first ??= { problems, at: now }
        return yield* Effect.fail(problems)
      }
      if (first !== undefined) return true
      figures = FiguresOf.add(figures, history)
      if (onProgress !== undefined) yield* onProgress(figures)
      return true
    }),
    { runs, seed, replay, size: 30, maxShrinks: 300 }
  )
  if (result._tag === "Passed") return figures
  const told = (problems: ReadonlyArray<string>) => problems.slice(0, 5).map((problem) => `- ${problem}`).join("\n")
  const falsified = result._tag === "Falsified" ? result : undefined
  const shrunk = falsified?.failure._tag === "PropertyError" ? falsified.failure.error : []
  const notFound = result._tag === "ReplayMismatch"
    ? "The race of the program to repeat did not come about this time"
    : `The programs could not be made: ${result._tag}`
  return yield* new StoreModelFailed({
    seed,
    replay: falsified?.replay,
    runs: figures.programs + 1,
    message: falsified === undefined ? notFound : [
      `Program ${figures.programs + 1} of seed ${JSON.stringify(seed)} led to what no serial history explains:`,
      told(first?.problems ?? []),
      `after ${falsified.shrinks} simplifications, to:`,
      told(shrunk),
      "The program:",
      describe(falsified.shrunkInput),
      `Replay: ${falsified.replay}`
    ].join("\n")
  })
})
