import { assert, it } from "@effect/vitest"
import { Expiry } from "@refold/example-wallet/Expiry"
import { Wallet } from "@refold/example-wallet/Wallet"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Reactor from "refold/Reactor"

it.effect("smoke", () =>
  Effect.gen(function*() {
    const at = DateTime.makeUnsafe("2026-01-05T09:00:00Z")
    yield* Wallet.execute("anna", { _tag: "AddBonusCredits", cents: 500, at })
    yield* Wallet.execute("anna", { _tag: "AddRefundCredits", cents: 300, at: DateTime.add(at, { days: 1 }) })
    yield* Wallet.execute("anna", { _tag: "SubtractCredits", cents: 100, at: DateTime.add(at, { days: 2 }) })
    yield* Reactor.catchUp(Expiry, { effects: {}, until: DateTime.add(at, { days: 90 }) })
    console.log(JSON.stringify(yield* Wallet.load("anna")))
    yield* Reactor.catchUp(Expiry, { effects: {}, until: DateTime.add(at, { days: 91 }) })
    console.log(JSON.stringify(yield* Wallet.load("anna")))
  }).pipe(Effect.provide(MemoryEventStore.layer)))
