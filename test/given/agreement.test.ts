import { describe, it } from "@effect/vitest"
import { given } from "@refold/vitest/Given"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { Aggregate } from "refold/Aggregate"
import { Conflict } from "refold/Conflict"
import type { Tagged, Types } from "refold/Decider"
import { EventStore } from "refold/EventStore"
import * as EventStoreError from "refold/EventStoreError"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Tuning from "refold/Tuning"
import {
  AccountCommand,
  LeadCommand,
  makeAccount,
  makeLead,
  makeSwitch,
  programs,
  SwitchCommand,
  tables
} from "../core/programs.ts"
import type { Step } from "../core/races.ts"

interface Told extends Types {
  readonly Rejection: Tagged
}

/** Executes the commands one after the other, and expects of given/when/then what became of each. */
const agree = Effect.fnUntraced(function*<T extends Told>(
  aggregate: Aggregate<T>,
  history: ReadonlyArray<T["Event"]>,
  program: ReadonlyArray<Step<T["Command"]>>
) {
  const store = yield* EventStore
  yield* store.append(aggregate, "1", history)
  let version = history.length
  let chain = given(aggregate, history)
  for (const { command, seen } of program) {
    const known = Math.max(0, version - (seen?.ago ?? 0))
    const options = seen === undefined ? {} : seen.strict ? { strict: known } : { seen: known }
    const executed = yield* Effect.result(aggregate.execute("1", command, options))
    const when = chain.when(command, options)
    if (Result.isSuccess(executed)) {
      const { events } = executed.success
      version += events.length
      chain = events.length === 0 ? when.thenUnchanged() : when.then(events.map(({ event }) => event))
    } else if (executed.failure instanceof Conflict) {
      const { pairs } = executed.failure
      chain = when.thenConflict(pairs.map(({ mine, theirs }) => [mine, theirs.event] as const))
    } else {
      if (executed.failure instanceof EventStoreError.EventStoreError) return yield* executed.failure
      const rejection: T["Rejection"] = executed.failure
      chain = when.thenRejected(rejection)
    }
    chain.thenState((yield* aggregate.load("1")).state)
  }
}, Effect.provide(Layer.fresh(MemoryEventStore.layer)))

const each = <T extends Told>(
  make: () => Aggregate<T>,
  history: ReadonlyArray<T["Event"]>,
  program: ReadonlyArray<Step<T["Command"]>>
) =>
  Effect.forEach(
    [0, 100],
    (cachedStates) =>
      Effect.provideService(agree(make(), history, program), Tuning.Current, { cachedStates, commandsPerAppend: 1 })
  )

describe("given/when/then and execute agree on what becomes of", () => {
  it.effect.prop(
    "leads, which collide",
    [programs(Arbitrary.schema(LeadCommand))],
    ([program]) => each(makeLead, [{ _tag: "Initialized", name: "Ann" }], program)
  )

  it.effect.prop(
    "leads that are not there yet",
    [programs(Arbitrary.schema(LeadCommand))],
    ([program]) => each(makeLead, [], program)
  )

  it.effect.prop(
    "accounts, which decide again",
    [programs(Arbitrary.schema(AccountCommand))],
    ([program]) => each(makeAccount, [{ _tag: "Credited", cents: 100 }], program)
  )

  it.effect.prop(
    "anything, under any table",
    [tables, programs(Arbitrary.schema(SwitchCommand))],
    ([table, program]) => each(makeSwitch(table), [{ _tag: "A", key: "x" }, { _tag: "B", key: "y" }], program),
    { arbitrary: { runs: 300 } }
  )
})
