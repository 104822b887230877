/**
 * Emmett's consumers: as its documentation uses them, and tuned to pages as large as the others' and to hardly any pause
 * between them.
 */
import { STREAM_DOES_NOT_EXIST } from "@event-driven-io/emmett"
import { type PostgresEventStore, postgreSQLProjection } from "@event-driven-io/emmett-postgresql"
import * as Effect from "effect/Effect"
import * as Account from "../account.ts"
import * as Audit from "../Audit.ts"
import * as Log from "../log.ts"
import { withClient } from "../withClient.ts"
import { attempt, type Contender, type Follows, type Projects, type Reads, type ReadsLogs } from "./Contender.ts"
import * as Emmett from "./emmett.ts"

/** What `store.consumer` takes. */
interface Pulling {
  readonly pulling?: { readonly batchSize: number; readonly pullingFrequencyInMs: number }
}

const asDocumented: Pulling = {}
const tuned: Pulling = { pulling: { batchSize: 1000, pullingFrequencyInMs: 0 } }

/** Its tables for a log that nobody has appended. */
const logs = (url: string): ReadsLogs => ({
  audit: Audit.ofTable(url, Emmett.rows),
  store: (log) =>
    Log.store(url, [
      `insert into emt_streams (stream_id, stream_position, partition, stream_type, stream_metadata)
       select 'Account-' || stream, max(version), 'emt:default', 'Account', '{}'
       from (${Log.select(log)}) log group by stream`,
      `insert into emt_messages (stream_id, stream_position, partition, message_schema_version, message_id, message_type,
         message_data, message_metadata, transaction_id)
       select 'Account-' || stream, version, 'emt:default', '1', gen_random_uuid()::text, type, data::jsonb, '{}',
         pg_current_xact_id()
       from (${Log.select(log)}) log`
    ])
})

/** A new reader each time: it begins at the beginning, and stops at the last event instead of waiting for more. */
const readWith = (store: PostgresEventStore, options: Pulling): Reads["read"] => (log) =>
  attempt(async () => {
    let sum = 0
    let events = 0
    const consumer = store.consumer<Emmett.AccountEvent>({ ...options, stopWhen: { noMessagesLeft: true } })
    consumer.reactor<Emmett.AccountEvent>({
      processorId: crypto.randomUUID(),
      stopAfter: () => events === log.events,
      eachMessage: ({ data, type }) => {
        events++
        if (type === "Deposited") sum += data.amount
      }
    })
    await consumer.start()
    return sum
  })

const reader = (name: string, options: Pulling): Contender<Reads> => ({
  name,
  open: ({ clients, url }) =>
    Effect.map(Emmett.open(url, clients), (store) => ({ ...logs(url), read: readWith(store, options) }))
})

export const emmettReader = reader("emmett", asDocumented)

export const emmettReaderTuned = reader("emmett, tuned", tuned)

const add = `insert into counts as c (stream, count) values ($1, 1)
  on conflict (stream) do update set count = c.count + 1`

/** A projection of its own kind that writes SQL, on the connection of the transaction that stores the checkpoint. */
const counts = postgreSQLProjection<Emmett.AccountEvent>({
  name: "counts",
  canHandle: ["Opened", "Deposited"],
  handle: async (events, { connection: { client } }) => {
    for (const { metadata } of events) await client.query({ name: "add", text: add, values: [metadata.streamName] })
  }
})

const projectWith = (store: PostgresEventStore, options: Pulling): Projects["project"] => (log) =>
  attempt(async () => {
    let events = 0
    const consumer = store.consumer<Emmett.AccountEvent>({ ...options, stopWhen: { noMessagesLeft: true } })
    consumer.projector<Emmett.AccountEvent>({
      processorId: crypto.randomUUID(),
      projection: counts,
      stopAfter: () => ++events === log.events
    })
    await consumer.start()
  })

const projector = (name: string, options: Pulling): Contender<Projects> => ({
  name,
  open: Effect.fnUntraced(function*({ clients, url }) {
    const store = yield* Emmett.open(url, clients)
    yield* withClient(url, (sql) => sql`create table counts (stream text primary key, count bigint not null)`)
    return {
      ...logs(url),
      forget: Effect.asVoid(withClient(url, (sql) => sql`truncate counts`)),
      project: projectWith(store, options),
      verify: (who, log) => Log.checkCounts(who, url, log, "select stream, count from counts")
    }
  })
})

export const emmettProjector = projector("emmett", asDocumented)

export const emmettProjectorTuned = projector("emmett, tuned", tuned)

const prefix = Emmett.name("")

const follower = (name: string, options: Pulling): Contender<Follows> => ({
  name,
  open: Effect.fnUntraced(function*({ url }) {
    // as many as may append at once
    const store = yield* Emmett.open(url, 16)
    return {
      audit: Audit.ofTable(url, Emmett.rows),
      isLossy: true,
      append: (stream) =>
        store.appendToStream<Emmett.AccountEvent>(Emmett.name(stream), [Emmett.wrap(Account.opened(stream))], {
          expectedStreamVersion: STREAM_DOES_NOT_EXIST
        }),
      follow: (seen) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            const consumer = store.consumer<Emmett.AccountEvent>(options)
            consumer.reactor<Emmett.AccountEvent>({
              processorId: "latency",
              eachMessage: ({ metadata }) => seen(metadata.streamName.slice(prefix.length))
            })
            const running = consumer.start()
            return { consumer, running }
          }),
          ({ consumer, running }) => Effect.promise(() => consumer.stop().then(() => running))
        ).pipe(Effect.asVoid)
    }
  })
})

export const emmettFollower = follower("emmett", asDocumented)

export const emmettFollowerTuned = follower("emmett, tuned", tuned)
