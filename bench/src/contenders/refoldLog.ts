/** refold as a reader of the log: through its public API, every event decoded by its schema, and with decoding left out. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { EventSource } from "refold/EventSource"
import * as EventStore from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import * as View from "refold/View"
import type * as Account from "../account.ts"
import * as Audit from "../Audit.ts"
import { BenchFailure } from "../BenchFailure.ts"
import * as Log from "../log.ts"
import type { Contender, Projects, Reads, ReadsLogs } from "./Contender.ts"
import * as Refold from "./refold.ts"

/** Everything here ends the benchmark if it fails. */
export const orFail = <A, E extends { readonly message: string }, R>(self: Effect.Effect<A, E, R>) =>
  Effect.mapError(self, (cause) => new BenchFailure({ message: cause.message, cause }))

/** Bulk loading: the same rows as appends write, without the appends. */
export const logs = (url: string): ReadsLogs => ({
  audit: Audit.ofTable(url, Refold.rows),
  store: (log) =>
    Log.store(url, [
      `insert into refold.events
         (tenant, category, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
       select 'default', 'Account', stream, version, gen_random_uuid(), type, 1, data::json, '{}', now()
       from (${Log.select(log)}) log`
    ])
})

const account = Refold.makeAccount()

/** The same events without their tag, as they come out of the driver. */
const undecoded: EventSource<Account.AccountEvent> = {
  category: account.category,
  codec: { ...account.codec, decode: (_type, _version, data) => Result.succeed(data as Account.AccountEvent) }
}

const reader = (name: string, source: EventSource<Account.AccountEvent>): Contender<Reads> => ({
  name,
  open: ({ url }) =>
    Effect.map(Refold.build(name, url), (context) => ({
      ...logs(url),
      read: () =>
        EventStore.readAll([source]).pipe(
          Stream.runFold(() => 0, (sum, { event }) => "amount" in event ? sum + event.amount : sum),
          Effect.provide(context),
          orFail
        )
    }))
})

export const refoldReader = reader("refold", account)

export const refoldReaderUndecoded = reader("refold, no decoding", undecoded)

/** How many events an account has. */
export const counts = (version: number) =>
  View.make("counts", {
    version,
    from: [account],
    state: Schema.Int,
    initial: 0,
    evolve: (count) => count + 1
  })

/** The rows of a version of the view. */
export const verify = (url: string, version: number): Projects["verify"] => (who, log) =>
  Log.checkCounts(
    who,
    url,
    log,
    `select key as stream, state::text::int as count from refold.view_rows where view = 'counts' and version = ${version}`
  )

export const refoldProjector: Contender<Projects> = {
  name: "refold",
  open: ({ url }) =>
    Effect.map(Refold.build("refold", url), (context) => {
      const projection = counts(1)
      return {
        ...logs(url),
        forget: Projections.drop(projection).pipe(Effect.provide(context), orFail),
        project: () => Projection.catchUp(projection).pipe(Effect.provide(context), Effect.asVoid, orFail),
        verify: verify(url, 1)
      }
    })
}
