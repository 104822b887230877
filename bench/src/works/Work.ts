/** One line of comparison: the same work done by several contenders, with a number of clients each. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Audit } from "../Audit.ts"
import type { BenchFailure } from "../BenchFailure.ts"
import type { Audited, Contender, Count } from "../contenders/Contender.ts"

export interface Work {
  /** What `--only` and the JSON rows call it. */
  readonly key: string
  readonly title: string
  readonly unit: string
  readonly clients: ReadonlyArray<number>
  readonly contestants: ReadonlyArray<Contestant>
  readonly floors: ReadonlyArray<Floor>
  readonly ceilings?: ReadonlyArray<Ceiling>
  /** How much is done in a second, which is the default, or how long somebody has to wait, in milliseconds. */
  readonly measures?: "rates" | "latencies"
  /** More turns per client would only fill the memory. */
  readonly maxTurns: number
  /** How many times longer than others its rounds are; 1 by default. */
  readonly stretch?: number
  /** Whether what is counted are attempts to append, worth to be reported. */
  readonly countsTries: boolean
}

/** A contender at a certain work. */
export interface Contestant {
  readonly name: string
  readonly open: (target: Target) => Effect.Effect<Running, BenchFailure, Scope.Scope>
}

export interface Target {
  readonly url: string
  readonly clients: number
  /** How long a round is meant to take, for who has to know before the first one. */
  readonly seconds: number
}

export interface Running {
  /** Gets everything ready for a round in which each client takes so many turns, or a few more. `label` is a new one. */
  readonly prepare: (turns: number, label: string) => Effect.Effect<Round, BenchFailure>
  readonly audit: Effect.Effect<Audit, BenchFailure>
}

export interface Round {
  /** Only this is timed. */
  readonly run: Count
  /** How many turns each client really takes. */
  readonly turns: number
  /** How many units of work it is. */
  readonly amount: number
  /** How many units a second it was, where the contender itself knows best. */
  readonly rate?: (() => number) | undefined
  /** What the run has to count, if that is known. */
  readonly count?: number
  /** How long each unit took in milliseconds, and how many never came, after the run; where that is what is measured. */
  readonly waits?: (() => { readonly millis: ReadonlyArray<number>; readonly missed: number }) | undefined
  /** What the run took at the most. */
  readonly memory?: (() => Memory) | undefined
  /** Looks at what the run has left behind; not timed. */
  readonly verify?: Effect.Effect<void, BenchFailure> | undefined
  /** What is in the store more than before, after the run. */
  readonly added: { readonly streams: number; readonly events: number }
}

/** Of a process that does nothing else, in bytes. */
export interface Memory {
  /** How many events it went through. */
  readonly events: number
  /** All that it had in memory. */
  readonly rss: number
  /** What of it were objects, garbage included. */
  readonly heap: number
}

/** What refold promises: so many times the rate of another. */
export interface Floor {
  readonly clients: number
  readonly of: string
  readonly against: string
  readonly atLeast: number
}

/** What refold promises not to exceed: so many milliseconds, or so many times the memory of another. */
export type Ceiling =
  & { readonly clients: number; readonly of: string; readonly atMost: number }
  & (
    | { readonly figure: "median" | "p99" }
    | { readonly figure: "rss" | "heap"; readonly against: string }
  )

/** The contenders of a work, with what each of them does in a round. */
export const contestants = <S extends Audited>(
  contenders: ReadonlyArray<Contender<S>>,
  begin: (session: S, clients: number, seconds: number) => Effect.Effect<Running["prepare"], BenchFailure>
): ReadonlyArray<Contestant> =>
  contenders.map(({ name, open }) => ({
    name,
    open: (target) =>
      Effect.flatMap(open(target), (session) =>
        Effect.map(begin(session, target.clients, target.seconds), (prepare) => ({ prepare, audit: session.audit })))
  }))

/** For each client a list of so many things. */
export const perClient = <A>(
  clients: number,
  count: number,
  make: (client: number, index: number) => A
): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: clients }, (_, client) => Array.from({ length: count }, (_, index) => make(client, index)))
