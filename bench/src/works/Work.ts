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
  /** More turns per client would only fill the memory. */
  readonly maxTurns: number
  /** Whether what is counted are attempts to append, worth to be reported. */
  readonly countsTries: boolean
}

/** A contender at a certain work. */
export interface Contestant {
  readonly name: string
  readonly open: (target: { readonly url: string; readonly clients: number }) => Effect.Effect<
    Running,
    BenchFailure,
    Scope.Scope
  >
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
  /** What is in the store more than before, after the run. */
  readonly added: { readonly streams: number; readonly events: number }
}

/** What refold promises: so many times the rate of another. */
export interface Floor {
  readonly clients: number
  readonly of: string
  readonly against: string
  readonly atLeast: number
}

/** The contenders of a work, with what each of them does in a round. */
export const contestants = <S extends Audited>(
  contenders: ReadonlyArray<Contender<S>>,
  begin: (session: S, clients: number) => Effect.Effect<Running["prepare"], BenchFailure>
): ReadonlyArray<Contestant> =>
  contenders.map(({ name, open }) => ({
    name,
    open: (target) =>
      Effect.flatMap(open(target), (session) =>
        Effect.map(begin(session, target.clients), (prepare) => ({ prepare, audit: session.audit })))
  }))

/** For each client a list of so many things. */
export const perClient = <A>(
  clients: number,
  count: number,
  make: (client: number, index: number) => A
): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: clients }, (_, client) => Array.from({ length: count }, (_, index) => make(client, index)))
