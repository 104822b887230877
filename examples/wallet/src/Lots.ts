/** Credits that expire, by the instant at which they do. */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"

export const Lot = Schema.Struct({ expires: Schema.DateTimeUtc, cents: Schema.Int })
export type Lot = typeof Lot.Type

/** In the order in which they expire; one for each instant, and none that is empty. */
export const Lots = Schema.Array(Lot)
export type Lots = typeof Lots.Type

const hasExpired = ({ expires }: Lot, at: DateTime.Utc) => DateTime.isLessThanOrEqualTo(expires, at)

export const usable = (lots: Lots, at: DateTime.Utc): Lots => lots.filter((lot) => !hasExpired(lot, at))

export const expired = (lots: Lots, at: DateTime.Utc): Lots => lots.filter((lot) => hasExpired(lot, at))

export const sum = (lots: Lots): number => lots.reduce((sum, { cents }) => sum + cents, 0)

export const add = (lots: Lots, { cents, expires }: Lot): Lots => {
  const there = lots.find((lot) => DateTime.Equivalence(lot.expires, expires))
  return [...lots.filter((lot) => lot !== there), { expires, cents: (there?.cents ?? 0) + cents }]
    .filter((lot) => lot.cents !== 0)
    .toSorted((a, b) => DateTime.Order(a.expires, b.expires))
}

export const subtract = (lots: Lots, taken: Lots): Lots =>
  taken.reduce((left, { cents, expires }) => add(left, { expires, cents: -cents }), lots)
