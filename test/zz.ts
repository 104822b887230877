import { Lead } from "@refold/example-leads/Lead"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import * as Effect from "effect/Effect"
import type { Aggregate } from "refold"
import type { Types } from "refold/Decider"
import { BankAccount } from "./laws/domains/bankAccount.ts"
import { Document } from "./laws/domains/document.ts"
import { Invoice } from "./laws/domains/invoice.ts"
import { Seats } from "./laws/domains/seats.ts"
import { Stock } from "./laws/domains/stock.ts"
const run = async <T extends Types>(a: Aggregate.Aggregate<T>) => {
  const seen = new Map<string, number>()
  for (let seed = 10; seed < 30; seed++) {
    const s = await Effect.runPromise(Effect.result(AggregateLaws.suggest(a, { seed })))
    const k = s._tag === "Success" ? s.success.table : s.failure.message
    seen.set(k, (seen.get(k) ?? 0) + 1)
  }
  console.log(a.category, [...seen.values()])
  if (seen.size > 1) { for (const [k, n] of seen) console.log(n, k) }
}
for (
  const a of [
    () => run(BankAccount),
    () => run(Invoice),
    () => run(Stock),
    () => run(Seats),
    () => run(Document),
    () => run(Lead)
  ]
) await a()
