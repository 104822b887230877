/** The stores to run programs on, each with as much as it can do. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { PglitePgClient } from "@refold/pglite"
import { PgEventStore } from "@refold/sql-pg"
import type { StoreModel } from "@refold/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { isSqlError } from "effect/sql/SqlError"
import { EventStore } from "refold/EventStore"
import { EventStoreError, Unavailable } from "refold/EventStoreError"
import * as MemoryEventStore from "refold/MemoryEventStore"

type Engine = Pick<StoreModel.Options, "clients" | "kill">

class RolledBack extends Data.TaggedError("RolledBack")<{}> {}

/** As the store does: a connection that is lost inside is an error, although the client dies of it. */
const transactOn = (sql: PgClient.PgClient): StoreModel.Client["transact"] => (self, end) =>
  sql.withTransaction(end === "commit" ? self : Effect.andThen(self, Effect.fail(new RolledBack()))).pipe(
    Effect.catchCause((cause) => {
      const lost = cause.reasons.find((reason) => Cause.isDieReason(reason) && isSqlError(reason.defect))
      return lost !== undefined && Cause.isDieReason(lost) && isSqlError(lost.defect)
        ? Effect.fail(lost.defect)
        : Effect.failCause(cause)
    }),
    Effect.catchTag("RolledBack", () => Effect.void),
    Effect.catchTag(
      "SqlError",
      (cause) => Effect.fail(new EventStoreError({ reason: new Unavailable({ message: cause.message, cause }) }))
    )
  )

const clientOf = (context: Context.Context<EventStore | PgClient.PgClient>): StoreModel.Client => ({
  store: Context.get(context, EventStore),
  transact: transactOn(Context.get(context, PgClient.PgClient))
})

const memory: Effect.Effect<Engine, never, Scope.Scope> = Effect.map(Layer.build(MemoryEventStore.layer), (context) => {
  const client = { store: Context.get(context, EventStore) }
  return { clients: [client, client, client] }
})

const pglite = Effect.map(
  Layer.build(Layer.provideMerge(PgEventStore.layer(), PglitePgClient.layer())),
  (context): Engine => {
    const client = clientOf(context)
    return { clients: [client, client, client] }
  }
)

/** Three clients as in three processes, on a database that is empty. Any session of theirs may be ended. */
export const onPostgres = Effect.fnUntraced(function*(url: string) {
  const connect = (applicationName: string) => PgClient.layer({ url: Redacted.make(url), applicationName })
  const start = Effect.map(
    // a subscriber whose LISTEN was broken looks again soon, so that a run is many programs
    Layer.build(
      Layer.fresh(Layer.provideMerge(PgEventStore.layer({ pollInterval: "100 millis" }), connect("refold model")))
    ),
    clientOf
  )
  const administrator = Context.get(yield* Layer.build(connect("administrator")), PgClient.PgClient)
  const kill = (session: number) =>
    administrator<{ readonly pid: number }>`select pid from pg_stat_activity
      where datname = current_database() and application_name = 'refold model' order by backend_start`.pipe(
      Effect.flatMap((rows) =>
        Effect.forEach(rows.slice(session % Math.max(1, rows.length)).slice(0, 1), ({ pid }) =>
          administrator`select pg_terminate_backend(${pid})`, { discard: true })
      ),
      Effect.orDie
    )
  const engine: Engine = { clients: [yield* start, yield* start, yield* start], kill }
  return engine
})

export const engines = { memory, pglite }
