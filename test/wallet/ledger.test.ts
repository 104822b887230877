/** Hundreds of wallets over years, beside a ledger that knows nothing of events. */
import { assert, it } from "@effect/vitest"
import { Expiry } from "@refold/example-wallet/Expiry"
import { Invoices } from "@refold/example-wallet/Invoices"
import * as Lots from "@refold/example-wallet/Lots"
import { Wallet, type WalletCommand, type WalletState } from "@refold/example-wallet/Wallet"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Reactor from "refold/Reactor"
import * as Views from "refold/Views"
import { type Balances, kinds, Ledger } from "./support/ledger.ts"

const wallets = 200
const rounds = 20
const start = Date.parse("2026-01-01T00:00:00Z")

const balancesOf = ({ bonus, refund, wallet }: WalletState, at: number): Balances => {
  const sum = (lots: Lots.Lots) => Lots.sum(Lots.usable(lots, DateTime.makeUnsafe(at)))
  return { bonus: sum(bonus), refund: sum(refund), wallet }
}

type Drawn = readonly [command: typeof WalletCommand.Type, missing: number]

const name = { bonus: "Bonus", refund: "Refund", wallet: "Wallet" } as const

/** A command, which is entered into the ledger, and how many cents are missing there. */
const draw = Effect.fnUntraced(function*(ledger: Ledger, millis: number): Effect.fn.Return<Drawn> {
  const at = DateTime.makeUnsafe(millis)
  const cents = yield* Random.nextIntBetween(1, 4000)
  const kind = kinds[yield* Random.nextIntBetween(0, 2)]!
  const dice = yield* Random.nextIntBetween(1, 10)
  if (dice <= 4) {
    ledger.add(kind, cents, millis)
    return [{ _tag: `Add${name[kind]}Credits`, cents, at }, 0]
  }
  return dice <= 6
    ? [{ _tag: `Subtract${name[kind]}Credits`, cents, at }, ledger.subtract([kind], cents, millis)]
    : [{ _tag: "SubtractCredits", cents, at }, ledger.subtract(kinds, cents, millis)]
})

it.effect(
  `the balances of ${wallets} wallets equal a plain ledger's, at every version and instant, to the cent`,
  () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(start)
      const ledgers = Array.from({ length: wallets }, (_, index) => ({ id: `wallet ${index}`, ledger: new Ledger() }))
      let rejected = 0
      for (let round = 0; round < rounds; round++) {
        yield* TestClock.adjust({ days: yield* Random.nextIntBetween(0, 40) })
        // sometimes nobody is there to take away what has expired
        if (yield* Random.nextBoolean) yield* Reactor.catchUp(Expiry)
        for (const { id, ledger } of ledgers) {
          const now = yield* DateTime.now
          const millis = DateTime.toEpochMillis(now)
          const [command, missing] = yield* draw(ledger, millis)
          const told = yield* Wallet.execute(id, command).pipe(
            Effect.as(0),
            Effect.catchTag("InsufficientCredits", ({ missing }) => Effect.succeed(missing))
          )
          assert.strictEqual(told, missing)
          if (missing > 0) rejected++
          const { version } = yield* Wallet.load(id)
          ledger.turn(millis, version)
          yield* TestClock.adjust("1 minute")
        }
      }
      yield* Reactor.catchUp(Expiry)
      const end = DateTime.toEpochMillis(yield* DateTime.now)

      for (const { id, ledger } of ledgers) {
        for (const { at, version } of ledger.turned) {
          const { state } = yield* Wallet.load(id, { version })
          assert.deepStrictEqual(balancesOf(state, at), ledger.atVersion(version, at), `${id} at version ${version}`)
        }
        for (const instant of ledger.moments) {
          const at = DateTime.makeUnsafe(instant)
          const { state } = yield* Wallet.load(id, { at })
          assert.deepStrictEqual(balancesOf(state, instant), ledger.at(instant), `${id} on ${DateTime.formatIso(at)}`)
        }
        const { state } = yield* Wallet.load(id)
        const left = { bonus: Lots.sum(state.bonus), refund: Lots.sum(state.refund), wallet: state.wallet }
        assert.deepStrictEqual(left, ledger.at(end), `${id} in the end: what has expired is gone`)
      }
      assert.isAbove(rejected, wallets)

      const invoices = [...yield* Views.live(Invoices)].map(([key, { refund, wallet }]) => [key, refund + wallet])
      const expected = ledgers.flatMap(({ id, ledger }) =>
        [...ledger.invoiced].map(([month, cents]) => [`${month} ${id}`, cents])
      )
      assert.sameDeepMembers(invoices, expected)
    }).pipe(Random.withSeed("wallets"), Effect.provide(MemoryEventStore.layer)),
  120_000
)
