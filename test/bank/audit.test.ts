/** The audit of the bank finds what it is there to find. */
import { assert, describe, it } from "@effect/vitest"
import { Account, AccountEvent } from "@refold/example-bank/Account"
import { Transfer, type TransferEvent } from "@refold/example-bank/Transfer"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import { audit } from "./support/audit.ts"

type Entry = readonly [id: string, event: AccountEvent | typeof TransferEvent.Type]

const rent = { id: "rent", from: "ann", to: "bob", cents: 40 }
const { cents, id: transfer, ...between } = rent
const paidIn: Entry = ["ann", { _tag: "Credited", cents: 100 }]
const requested: Entry = ["rent", { _tag: "TransferRequested", ...between, cents }]
const debited: Entry = ["ann", { _tag: "Debited", cents, transfer }]
const credited: Entry = ["bob", { _tag: "Credited", cents, transfer }]
const refunded: Entry = ["ann", { _tag: "Refunded", cents, transfer }]
const completed: Entry = ["rent", { _tag: "TransferCompleted" }]
const declined: Entry = ["rent", { _tag: "TransferDeclined", reason: "" }]
const compensated: Entry = ["rent", { _tag: "TransferCompensated", reason: "" }]

const audited = (...entries: ReadonlyArray<Entry>) =>
  Effect.gen(function*() {
    for (const [id, event] of entries) {
      yield* Schema.is(AccountEvent)(event)
        ? EventStore.append(Account, id, [event])
        : EventStore.append(Transfer, id, [event])
    }
    return audit(yield* Stream.runCollect(EventStore.readAll([Account, Transfer])), [rent])
  }).pipe(Effect.provide(MemoryEventStore.layer))

it.effect("books in which a transfer was completed, declined or compensated are in order", () =>
  Effect.gen(function*() {
    for (
      const entries of [
        [requested, debited, credited, completed],
        [requested, declined],
        [requested, debited, refunded, compensated]
      ]
    ) assert.deepStrictEqual((yield* audited(paidIn, ...entries)).problems, [])
  }))

describe("it is found out", () => {
  const cases: Record<string, ReadonlyArray<Entry>> = {
    "a transfer has not ended": [paidIn, requested, debited, credited],
    "an account was debited twice": [paidIn, requested, debited, debited, credited, completed],
    "the money came to nobody": [paidIn, requested, debited, completed],
    "it came to somebody else": [paidIn, requested, debited, ["cy", credited[1]], completed],
    "it came to both": [paidIn, requested, debited, credited, refunded, completed],
    "another amount came": [paidIn, requested, debited, ["bob", { _tag: "Credited", cents: 39, transfer }], completed],
    "a transfer that was declined was made": [paidIn, requested, debited, declined, credited],
    "a transfer has ended twice": [paidIn, requested, debited, credited, completed, compensated],
    "nobody has asked for a transfer": [paidIn, requested, declined, ["ann", {
      _tag: "Debited",
      cents: 1,
      transfer: "x"
    }]],
    "an account holds less than nothing": [requested, debited, credited, completed]
  }
  for (const [what, entries] of Object.entries(cases)) {
    it.effect(`if ${what}`, () => Effect.map(audited(...entries), ({ problems }) => assert.isNotEmpty(problems)))
  }
})
