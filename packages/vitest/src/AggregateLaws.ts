/**
 * The laws of an aggregate: that `decide` and `evolve` are what they have to be, and that its conflict table is true.
 *
 * @since 0.1.0
 */
import type * as Arbitrary from "effect/Arbitrary"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Aggregate } from "refold/Aggregate"
import type { Variant, Verdict } from "refold/Conflicts"
import type { Types } from "refold/Decider"
import * as CoverageOf from "./internal/laws/coverage.ts"
import { type Explained, explained } from "./internal/laws/found.ts"
import type { NoMaterial } from "./internal/laws/material.ts"
import { stricter } from "./internal/laws/pairs.ts"
import { explore, type Settings } from "./internal/laws/run.ts"
import * as Subject from "./internal/laws/subject.ts"
import * as SuggestionOf from "./internal/laws/suggestion.ts"
import * as Text from "./internal/laws/text.ts"

/**
 * The laws, by name.
 *
 * **Details**
 *
 * - `pure`: `decide` and `evolve` answer the same when they are asked the same, and ask neither the clock nor chance.
 * - `total`: neither of them throws.
 * - `untouched`: neither of them changes what it is given.
 * - `survives`: commands, events and states are the same after they were written down and read again.
 * - `replay`: the fold of the events as they are read back, and of a snapshot with the events after it, is the state.
 * - `invariant`: yours holds in every state that commands lead to, and after every placement the table allows.
 * - `commutes`: a decision placed after one it commutes with is what would be decided there, and the order of the two
 *   does not matter.
 * - `redecides`: where the order of two decisions matters, deciding again notices.
 * - `coverage`: every command was accepted, every event decided, and every two events that may commute have met.
 *
 * @category models
 * @since 0.1.0
 */
export { type Law, laws } from "./internal/laws/fault.ts"

/**
 * What a run has seen: how often each command was accepted, each event decided, and each two events met.
 *
 * @category models
 * @since 0.1.0
 */
export type { CommandCoverage, Coverage, EventCoverage, PairCoverage } from "./internal/laws/coverage.ts"

/**
 * A law that does not hold, with its explanation.
 *
 * @category models
 * @since 0.1.0
 */
export type { Explained } from "./internal/laws/found.ts"

/**
 * What the laws say of an ordered pair of events.
 *
 * @category models
 * @since 0.1.0
 */
export type { PairVerdict } from "./internal/laws/suggestion.ts"

/**
 * How to look. The keys are those of the commands and the events of the aggregate.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<in out T extends Types> {
  /** The same seed makes the same histories. `check` takes one at random, `suggest` always the same. */
  readonly seed?: string | number | undefined
  /**
   * How many histories to generate; 500 by default. As long as there are events that have not met, up to four times as
   * many are.
   */
  readonly histories?: number | undefined
  /** How much rather a command is chosen than others, which have 1. */
  readonly weights?: { readonly [Tag in T["Command"]["_tag"]]?: number | undefined } | undefined
  /** Where commands come from, instead of their schemas. */
  readonly commands?:
    | {
      readonly [Tag in T["Command"]["_tag"]]?: Arbitrary.Arbitrary<Variant<T["Command"], Tag>> | undefined
    }
    | undefined
  /** What must hold in every state. */
  readonly invariant?: ((state: T["State"]) => boolean) | undefined
  /** Events which no command decides any more. */
  readonly retired?: ReadonlyArray<T["Event"]["_tag"]> | undefined
}

/**
 * A verdict of the table that is stricter than anything which was seen asks for. This may be what the domain wants: what
 * a person should be told is not for laws to say.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stricter {
  readonly mine: string
  readonly theirs: string
  readonly declared: Verdict
  /** The least strict verdict against which there is no counterexample. */
  readonly enough: Verdict
  /** How often the two have met: how hard it was looked for one. */
  readonly met: number
  /** They cannot happen in the same state, so the verdict is never asked for two decisions on one state. */
  readonly exclusive: boolean
}

/**
 * All laws hold, as far as this run could see.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report {
  readonly aggregate: string
  readonly seed: string | number
  readonly coverage: Coverage
  readonly stricter: ReadonlyArray<Stricter>
}

/**
 * The verdicts that the laws ask for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Suggestion {
  readonly aggregate: string
  readonly seed: string | number
  readonly coverage: Coverage
  readonly pairs: ReadonlyArray<SuggestionOf.PairVerdict>
  /** The table as source text, to be pasted into the definition of the aggregate. */
  readonly table: string
}

/**
 * Laws that do not hold. The message explains each of them in the words of the domain.
 *
 * @category errors
 * @since 0.1.0
 */
export class LawsBroken extends Data.TaggedError("LawsBroken")<{
  readonly message: string
  readonly aggregate: string
  readonly seed: string | number
  readonly broken: ReadonlyArray<Explained>
  /** `undefined` if there were no commands to try. */
  readonly coverage: Coverage | undefined
}> {}

type Coverage = CoverageOf.Coverage

const settingsOf = <T extends Types>(options: Options<T>, seed: string | number): Settings => ({
  seed,
  histories: options.histories ?? 500,
  weights: { ...options.weights },
  commands: { ...options.commands }
})

const broken = (
  aggregate: string,
  seed: string | number,
  broken: ReadonlyArray<Explained>,
  coverage: Coverage | undefined
) => new LawsBroken({ aggregate, seed, broken, coverage, message: Text.broken(aggregate, broken, coverage) })

const noMaterial = (aggregate: string, seed: string | number) => ({ reason, tag }: NoMaterial) => {
  const headline = `There are no commands ${tag} to try: ${reason}.`
  const explanation = `${headline}\n\nWays out:\n  - supply them:  commands: { ${tag}: Arbitrary… }`
  return broken(aggregate, seed, [{ law: "coverage", headline, explanation, pairs: [] }], undefined)
}

/**
 * Checks the laws of an aggregate, on states that generated commands lead to.
 *
 * **Details**
 *
 * In every state on the way of a history, commands of all kinds are tried, and of those that are accepted every two meet
 * as if their authors did not know of each other. A law that does not hold is shown by the shortest history there is.
 *
 * **Example**
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Aggregate } from "refold"
 * import { AggregateLaws } from "@refold/vitest"
 *
 * const Label = Aggregate.make("Label", {
 *   command: Schema.TaggedUnion({ Rename: { name: Schema.String } }),
 *   event: Schema.TaggedUnion({ Renamed: { name: Schema.String } }),
 *   state: Schema.String,
 *   initial: "",
 *   decide: (command) => [{ _tag: "Renamed", name: command.name }],
 *   evolve: (_, event) => event.name,
 *   conflicts: { Renamed: { collides: ["Renamed"] } }
 * })
 *
 * const program = Effect.map(AggregateLaws.check(Label), AggregateLaws.toText)
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const check = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  options: Options<T> = {}
): Effect.fn.Return<Report, LawsBroken> {
  const { category } = aggregate
  const seed = options.seed ?? (yield* Random.nextIntBetween(0, 1_000_000))
  const subject = Subject.make(aggregate, { invariant: options.invariant, table: true })
  const { findings, tally } = yield* Effect.mapError(
    explore(subject, settingsOf(options, seed)),
    noMaterial(category, seed)
  )
  const coverage = CoverageOf.make(subject, tally)
  const faults = explained(subject, findings, seed)
  const gaps = faults.some(({ pairs }) => pairs.length === 0)
    ? []
    : CoverageOf.gaps(subject, tally, seed, options.retired)
  if (faults.length + gaps.length > 0) {
    return yield* broken(category, seed, [...faults, ...gaps], coverage)
  }
  const found = SuggestionOf.verdicts(subject, tally)
  const tighter = coverage.pairs.flatMap(({ declared, exclusive, met, mine, theirs }): ReadonlyArray<Stricter> => {
    const enough = found.get(`${mine} ${theirs}`)?.[0] ?? "commutes"
    const [verdict, ...others] = declared
    if (verdict === undefined || others.length > 0 || met === 0 && !exclusive || !stricter(verdict, enough)) return []
    return [{ mine, theirs, declared: verdict, enough, met, exclusive }]
  })
  return { aggregate: category, seed, coverage, stricter: tighter }
})

/**
 * Finds the conflict table that the laws ask for, whatever the aggregate declares.
 *
 * **Details**
 *
 * Where the order of two events matters they collide; where only a decision would be another one, it redecides; all else
 * commutes. Where the order matters and the second would be rejected each time, a comment says that `redecides` would do.
 * The same seed makes the same suggestion.
 *
 * **Gotchas**
 *
 * It knows what `decide` and `evolve` do, and not what they mean: add what a person should be told anyway.
 *
 * @category testing
 * @since 0.1.0
 */
export const suggest = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  options: Options<T> = {}
): Effect.fn.Return<Suggestion, LawsBroken> {
  const { category } = aggregate
  const seed = options.seed ?? "refold"
  const subject = Subject.make(aggregate, { invariant: options.invariant, table: false })
  const { findings, tally } = yield* Effect.mapError(
    explore(subject, settingsOf(options, seed)),
    noMaterial(category, seed)
  )
  const coverage = CoverageOf.make(subject, tally)
  const faults = explained(subject, findings, seed)
  if (faults.length > 0) return yield* broken(category, seed, faults, coverage)
  const pairs = SuggestionOf.pairs(subject, tally)
  return { aggregate: category, seed, coverage, pairs, table: SuggestionOf.source(subject.eventTags, pairs) }
})

/**
 * What a run has seen, for people: how often each command was accepted, each event decided and each pair met, and which
 * verdicts are stricter than anything that was seen.
 *
 * @category rendering
 * @since 0.1.0
 */
export const toText = (report: Report | Suggestion): string => Text.report(report)
