/** What is in a wallet, by the plainest code there is: a list of lots, and everything that was ever done with it. */

export const kinds = ["bonus", "refund", "wallet"] as const
export type Kind = (typeof kinds)[number]
export type Balances = { readonly [K in Kind]: number }

interface Lot {
  readonly kind: Kind
  readonly expires: number
  cents: number
}

const day = 86_400_000

export class Ledger {
  private lots: Array<Lot> = []
  private readonly pages: Array<{ readonly at: number; readonly version: number; readonly lots: ReadonlyArray<Lot> }> =
    []
  /** Cents by month. */
  readonly invoiced = new Map<string, number>()

  add(kind: Kind, cents: number, at: number): void {
    this.lots.push({ kind, cents, expires: kind === "wallet" ? Infinity : at + 90 * day })
  }

  /** How many cents are missing; if there are any, nothing is taken. */
  subtract(from: ReadonlyArray<Kind>, cents: number, at: number): number {
    const there = balances(this.lots, at)
    const missing = cents - from.reduce((sum, kind) => sum + there[kind], 0)
    if (missing > 0) return missing
    for (let left = cents; left > 0;) {
      let next: Lot | undefined
      for (const kind of from) {
        for (const lot of this.lots) {
          if (lot.kind !== kind || lot.cents === 0 || lot.expires <= at) continue
          if (next === undefined || lot.expires < next.expires) next = lot
        }
      }
      const taken = Math.min(left, next!.cents)
      next!.cents -= taken
      left -= taken
      if (next!.kind !== "bonus") {
        const month = new Date(at).toISOString().slice(0, 7)
        this.invoiced.set(month, (this.invoiced.get(month) ?? 0) + taken)
      }
    }
    return 0
  }

  /** Remembers how it stands. */
  turn(at: number, version: number): void {
    this.pages.push({ at, version, lots: this.lots })
    this.lots = this.lots.map((lot) => ({ ...lot }))
  }

  /** The pages that were turned: when, and at which version of the wallet. */
  get turned(): ReadonlyArray<{ readonly at: number; readonly version: number }> {
    return this.pages
  }

  at(instant: number): Balances {
    return balances(this.pages.findLast(({ at }) => at <= instant)?.lots ?? [], instant)
  }

  atVersion(wanted: number, at: number): Balances {
    return balances(this.pages.findLast(({ version }) => version === wanted)?.lots ?? [], at)
  }

  /** Instants at which something changes, and those just before. */
  get moments(): ReadonlyArray<number> {
    const changes = [...this.pages.map(({ at }) => at), ...this.lots.map(({ expires }) => expires)]
    return changes.filter(Number.isFinite).flatMap((instant) => [instant - 1, instant])
  }
}

const balances = (lots: ReadonlyArray<Lot>, at: number): Balances => {
  const sums = { bonus: 0, refund: 0, wallet: 0 }
  for (const { cents, expires, kind } of lots) if (expires > at) sums[kind] += cents
  return sums
}
