/** Runs commands one after another, as if on the days they were given: what expires in between is taken away first. */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { EventStore, Reactor } from "refold"
import { Expiry } from "./Expiry.ts"
import * as Print from "./print.ts"
import { Wallet, WalletCommand } from "./Wallet.ts"

const Line = Schema.Struct({ wallet: Schema.NonEmptyString, command: WalletCommand })
const parse = Schema.decodeUnknownEffect(Schema.fromJsonString(Line), { onExcessProperty: "error" })

/** What has been answered is not asked again: later, another answer may be right. */
export const table = `create table if not exists wallet_demo.handled_lines (id text primary key)`

/** The day that a run has come to, and the place in the log up to which expiries have been told. */
interface Now {
  at: DateTime.Utc
  told: number
}

const goTo = Effect.fnUntraced(function*(now: Now, at: DateTime.Utc) {
  now.at = at
  yield* Reactor.catchUp(Expiry, { until: at })
  const events = yield* Stream.runCollect(EventStore.readAll([Wallet], { after: now.told }))
  now.told = events.at(-1)?.position ?? now.told
  for (const { event, stream } of events.toSorted(Print.inOrder)) {
    if ("reason" in event && event.reason === "expired") yield* Print.expiry(stream.id, event)
  }
})

/** Returns the day it has come to: that of the last command, or `until`. */
export const runAll = Effect.fnUntraced(function*(text: string, until: DateTime.Utc | undefined) {
  const sql = yield* SqlClient.SqlClient
  const handled = new Set((yield* sql<{ id: string }>`select id from wallet_demo.handled_lines`).map(({ id }) => id))
  const last = yield* Stream.runLast(EventStore.readAll([Wallet]))
  const now: Now = { at: DateTime.makeUnsafe(0), told: Option.isSome(last) ? last.value.position : 0 }
  let [id, skipped] = ["", 0]
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue
    id = createHash("sha256").update(id).update(line).digest("hex")
    const request = yield* Effect.result(parse(line))
    if (Result.isFailure(request)) {
      yield* Print.problem(`line ${index + 1}: ${request.failure.message}`)
      continue
    }
    const { command, wallet } = request.success
    if (handled.has(id)) {
      now.at = DateTime.max(now.at, command.at)
      skipped++
      continue
    }
    if (DateTime.isGreaterThan(command.at, now.at)) yield* goTo(now, command.at)
    const result = yield* Wallet.execute(wallet, command, { commandId: id }).pipe(
      Effect.map(({ events }) => Print.changes(events.map(({ event }) => event))),
      Effect.catchTag("InsufficientCredits", ({ missing }) => Effect.succeed(Print.rejected(missing)))
    )
    yield* Print.command(index + 1, wallet, command, result)
    yield* sql`insert into wallet_demo.handled_lines ${sql.insert({ id })}`
  }
  yield* goTo(now, DateTime.max(until ?? now.at, now.at))
  if (skipped > 0) yield* Console.log(`${skipped} commands were handled by an earlier run; start over with --reset`)
  return now.at
})
