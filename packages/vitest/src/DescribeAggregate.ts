/**
 * The laws of an aggregate as tests, in one line.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Aggregate } from "refold/Aggregate"
import type { Types } from "refold/Decider"
import { describe, it } from "vitest"
import * as AggregateLaws from "./AggregateLaws.ts"
import { broken as message } from "./internal/laws/text.ts"

/**
 * What each test holds an aggregate to.
 */
const sentences: { readonly [Law in AggregateLaws.Law]: string } = {
  pure: "decide and evolve give the same answer to the same question",
  total: "decide and evolve never throw",
  untouched: "decide and evolve leave what they are given as it is",
  survives: "commands, events and states come back as they were written down",
  replay: "a replay, and a snapshot with the events after it, end in the same state",
  invariant: "the invariant holds in every state, and after everything the conflict table lets through",
  commutes: "events that are declared to commute may be placed after each other as they are",
  redecides: "events that are declared to redecide notice when the order matters",
  coverage: "every command was accepted, every event decided, and every two events met that may have to commute"
}

/**
 * Registers tests that check the {@link AggregateLaws} of an aggregate.
 *
 * **Details**
 *
 * One run is shared by all of them. It takes another seed each time; a failure tells which, so that it can be repeated.
 * What was seen is annotated to the last test, for reporters that show it; `AggregateLaws.check` returns it.
 *
 * **Example**
 *
 * ```ts
 * import { Schema } from "effect"
 * import { Aggregate } from "refold"
 * import { describeAggregate } from "@refold/vitest/DescribeAggregate"
 *
 * const Counter = Aggregate.make("Counter", {
 *   command: Schema.TaggedUnion({ Add: { amount: Schema.Int } }),
 *   event: Schema.TaggedUnion({ Added: { amount: Schema.Int } }),
 *   state: Schema.Int,
 *   initial: 0,
 *   decide: (command) => [{ _tag: "Added", amount: command.amount }],
 *   evolve: (count, event) => count + event.amount,
 *   conflicts: "commutes"
 * })
 *
 * describeAggregate(Counter)
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const describeAggregate = <T extends Types>(
  aggregate: Aggregate<T>,
  options: AggregateLaws.Options<T> & {
    /** How long the run may take; a minute by default. */
    readonly timeout?: Duration.Input | undefined
  } = {}
): void => {
  const timeout = Duration.toMillis(options.timeout ?? "1 minute")
  const run = Effect.runSync(Effect.cached(Effect.result(AggregateLaws.check(aggregate, options))))
  describe(`the laws of ${aggregate.category}`, () => {
    for (const law of AggregateLaws.laws) {
      if (law === "invariant" && options.invariant === undefined) continue
      it(`${law}: ${sentences[law]}`, async ({ annotate }) => {
        const result = await Effect.runPromise(run)
        if (Result.isFailure(result)) return refuse(result.failure, law)
        if (law === "coverage") await annotate(AggregateLaws.toText(result.success), "coverage")
      }, timeout)
    }
  })
}

/** A plain error: the explanation says where to look, and a stack would only lead into the laws. */
const refuse = ({ aggregate, broken, coverage }: AggregateLaws.LawsBroken, law: AggregateLaws.Law): void => {
  const faults = broken.filter((fault) => fault.law === law)
  if (faults.length === 0) return
  const error = new Error(message(aggregate, faults, coverage))
  error.stack = error.message
  throw error
}
