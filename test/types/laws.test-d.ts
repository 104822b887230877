import { AggregateLaws } from "@refold/vitest"
import { describeAggregate } from "@refold/vitest/DescribeAggregate"
import * as Arbitrary from "effect/Arbitrary"
import type * as Effect from "effect/Effect"
import { describe, expectTypeOf, test } from "vitest"
import { Account, Lead, type LeadState } from "./fixtures.ts"

test("the laws of an aggregate are asked without a type being written out", () => {
  expectTypeOf(AggregateLaws.check(Lead)).toEqualTypeOf<
    Effect.Effect<AggregateLaws.Report, AggregateLaws.LawsBroken>
  >()
  expectTypeOf(AggregateLaws.suggest(Account)).toEqualTypeOf<
    Effect.Effect<AggregateLaws.Suggestion, AggregateLaws.LawsBroken>
  >()
  expectTypeOf(describeAggregate(Account)).toBeVoid()
})

describe("options know the aggregate", () => {
  test("and name its commands and events", () => {
    AggregateLaws.check(Lead, {
      weights: { ChangeName: 3 },
      commands: { ChangeName: Arbitrary.Constant({ _tag: "ChangeName", name: "Ann" }) },
      invariant: (state) => {
        expectTypeOf(state).toEqualTypeOf<LeadState>()
        return true
      },
      retired: ["Initialized"]
    })
    describeAggregate(Lead, { weights: { ChangeName: 3 }, seed: 1, timeout: "2 minutes" })
  })

  test("and no others", () => {
    // @ts-expect-error there is no such command
    AggregateLaws.check(Lead, { weights: { Rename: 3 } })
    const close = Arbitrary.Constant({ _tag: "ChangeStatus", status: "Open" })
    // @ts-expect-error another command
    AggregateLaws.check(Lead, { commands: { ChangeName: close } })
    // @ts-expect-error there is no such event
    AggregateLaws.suggest(Lead, { retired: ["Renamed"] })
    // @ts-expect-error there is no such command
    describeAggregate(Lead, { weights: { Rename: 3 } })
  })
})
