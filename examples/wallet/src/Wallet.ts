/** The domain: credits of three kinds, what they are spent on first, and how long they last. Pure; it knows of no store. */
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"
import * as Lots from "./Lots.ts"

/** Credits are money: whole cents, and no amount is zero. */
const Cents = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100_000_000 }))

const instantUntil = (maximum: string) =>
  Schema.DateTimeUtcFromString.check(
    Schema.makeIsBetween<DateTime.Utc>({ order: DateTime.Order, formatter: DateTime.formatIso })({
      minimum: DateTime.makeUnsafe("2000-01-01"),
      maximum: DateTime.makeUnsafe(maximum)
    })
  )

/** When it happened, which is when the client says it did: `decide` asks no clock. */
const Instant = instantUntil("2100-01-01")
/** The last credits that are added expire some time later. */
export const LaterInstant = instantUntil("2100-12-31")

/** For how long bonus and refund credits can be spent. Wallet credits do not expire. */
const lifetime = { days: 90 }

export const WalletCommand = Schema.TaggedUnion({
  AddWalletCredits: { cents: Cents, at: Instant },
  AddBonusCredits: { cents: Cents, at: Instant },
  AddRefundCredits: { cents: Cents, at: Instant },
  SubtractWalletCredits: { cents: Cents, at: LaterInstant },
  /** Some of them are spent, or those that have expired are taken away. */
  SubtractBonusCredits: { cents: Schema.Union([Cents, Schema.Literal("expired")]), at: LaterInstant },
  SubtractRefundCredits: { cents: Schema.Union([Cents, Schema.Literal("expired")]), at: LaterInstant },
  /** Spends what there is, of all kinds: what expires first goes first. */
  SubtractCredits: { cents: Cents, at: LaterInstant }
})

const Reason = Schema.Literals(["spent", "expired"])

export const WalletEvent = Schema.TaggedUnion({
  WalletCreditsAdded: { cents: Cents, at: Schema.DateTimeUtc },
  BonusCreditsAdded: { cents: Cents, at: Schema.DateTimeUtc, expires: Schema.DateTimeUtc },
  RefundCreditsAdded: { cents: Cents, at: Schema.DateTimeUtc, expires: Schema.DateTimeUtc },
  WalletCreditsSubtracted: { cents: Cents, at: Schema.DateTimeUtc },
  BonusCreditsSubtracted: { lots: Lots.Lots, reason: Reason, at: Schema.DateTimeUtc },
  RefundCreditsSubtracted: { lots: Lots.Lots, reason: Reason, at: Schema.DateTimeUtc }
})
export type WalletEvent = typeof WalletEvent.Type

export const WalletState = Schema.Struct({ wallet: Schema.Int, bonus: Lots.Lots, refund: Lots.Lots })
export type WalletState = typeof WalletState.Type

export const empty: WalletState = { wallet: 0, bonus: [], refund: [] }

export class InsufficientCredits extends Data.TaggedError("InsufficientCredits")<{ readonly missing: number }> {
  override get message(): string {
    return `${this.missing} cents are missing`
  }
}

type Decision = Result.Result<ReadonlyArray<WalletEvent>, InsufficientCredits>

/**
 * What expires first goes first, so that the customer loses the least. Of what expires at the same instant, bonus credits
 * go before refund credits, which are invoiced; wallet credits, which do not expire, are left for last.
 */
const spend = (cents: number, at: DateTime.Utc, from: WalletState): Decision => {
  const queue = [
    ...Lots.usable(from.bonus, at).map((lot) => ({ kind: "bonus" as const, lot })),
    ...Lots.usable(from.refund, at).map((lot) => ({ kind: "refund" as const, lot }))
  ].toSorted((a, b) => DateTime.Order(a.lot.expires, b.lot.expires))

  let missing = cents
  const taken: { readonly bonus: Array<Lots.Lot>; readonly refund: Array<Lots.Lot> } = { bonus: [], refund: [] }
  for (const { kind, lot } of queue) {
    if (missing === 0) break
    const part = Math.min(missing, lot.cents)
    taken[kind].push({ expires: lot.expires, cents: part })
    missing -= part
  }
  if (missing > from.wallet) return Result.fail(new InsufficientCredits({ missing: missing - from.wallet }))

  const events: Array<WalletEvent> = []
  const { bonus, refund } = taken
  if (bonus.length > 0) events.push({ _tag: "BonusCreditsSubtracted", lots: bonus, reason: "spent", at })
  if (refund.length > 0) events.push({ _tag: "RefundCreditsSubtracted", lots: refund, reason: "spent", at })
  if (missing > 0) events.push({ _tag: "WalletCreditsSubtracted", cents: missing, at })
  return Result.succeed(events)
}

/** Nothing happens if all of it was spent in time. */
const expire = (
  _tag: "BonusCreditsSubtracted" | "RefundCreditsSubtracted",
  at: DateTime.Utc,
  all: Lots.Lots
): Decision => {
  const lots = Lots.expired(all, at)
  return Result.succeed(lots.length === 0 ? [] : [{ _tag, lots, reason: "expired", at }])
}

export const Wallet = Aggregate.make("Wallet", {
  command: WalletCommand,
  event: WalletEvent,
  state: WalletState,
  initial: empty,
  decide: (command, { bonus, refund, wallet }): Decision => {
    const { at, cents } = command
    switch (command._tag) {
      case "AddWalletCredits":
        return Result.succeed([{ _tag: "WalletCreditsAdded", cents: command.cents, at }])
      case "AddBonusCredits": {
        const expires = DateTime.add(at, lifetime)
        return Result.succeed([{ _tag: "BonusCreditsAdded", cents: command.cents, at, expires }])
      }
      case "AddRefundCredits": {
        const expires = DateTime.add(at, lifetime)
        return Result.succeed([{ _tag: "RefundCreditsAdded", cents: command.cents, at, expires }])
      }
      case "SubtractWalletCredits":
        return spend(command.cents, at, { ...empty, wallet })
      case "SubtractBonusCredits":
        return cents === "expired"
          ? expire("BonusCreditsSubtracted", at, bonus)
          : spend(cents, at, { ...empty, bonus })
      case "SubtractRefundCredits":
        return cents === "expired"
          ? expire("RefundCreditsSubtracted", at, refund)
          : spend(cents, at, { ...empty, refund })
      case "SubtractCredits":
        return spend(command.cents, at, { wallet, bonus, refund })
    }
  },
  evolve: (state, event) => {
    switch (event._tag) {
      case "WalletCreditsAdded":
        return { ...state, wallet: state.wallet + event.cents }
      case "BonusCreditsAdded":
        return { ...state, bonus: Lots.add(state.bonus, event) }
      case "RefundCreditsAdded":
        return { ...state, refund: Lots.add(state.refund, event) }
      case "WalletCreditsSubtracted":
        return { ...state, wallet: state.wallet - event.cents }
      case "BonusCreditsSubtracted":
        return { ...state, bonus: Lots.subtract(state.bonus, event.lots) }
      case "RefundCreditsSubtracted":
        return { ...state, refund: Lots.subtract(state.refund, event.lots) }
    }
  },
  // nobody quarrels about credits: a subtraction is decided again wherever it would pick otherwise
  conflicts: {
    WalletCreditsAdded: {},
    BonusCreditsAdded: {},
    RefundCreditsAdded: {},
    WalletCreditsSubtracted: { redecides: ["BonusCreditsAdded", "RefundCreditsAdded", "WalletCreditsSubtracted"] },
    BonusCreditsSubtracted: { redecides: ["BonusCreditsAdded", "RefundCreditsAdded", "BonusCreditsSubtracted"] },
    RefundCreditsSubtracted: { redecides: ["BonusCreditsAdded", "RefundCreditsAdded", "RefundCreditsSubtracted"] }
  }
})
