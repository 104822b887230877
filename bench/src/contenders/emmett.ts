/** Emmett, as its documentation uses it: a pool with a connection for every client, and its own command handler. */
import {
  CommandHandler,
  type Event,
  type EventStore,
  getInMemoryEventStore,
  isExpectedVersionConflictError,
  STREAM_DOES_NOT_EXIST
} from "@event-driven-io/emmett"
import { getPostgreSQLEventStore } from "@event-driven-io/emmett-postgresql"
import * as Effect from "effect/Effect"
import { Pool } from "pg"
import * as Account from "../account.ts"
import * as Audit from "../Audit.ts"
import {
  type Appends,
  attempt,
  type Contender,
  type Executes,
  forEachStream,
  type Loads,
  promises,
  type Races,
  type Seedable
} from "./Contender.ts"

export type AccountEvent =
  | Event<"Opened", Omit<Account.Opened, "_tag">>
  | Event<"Deposited", Omit<Account.Deposited, "_tag">>

export const wrap = (event: Account.AccountEvent): AccountEvent => {
  if (event._tag === "Opened") {
    const { _tag: type, ...data } = event
    return { type, data }
  }
  const { _tag: type, ...data } = event
  return { type, data }
}

const evolve = (state: Account.State, { data, type }: AccountEvent): Account.State =>
  type === "Opened"
    ? { open: true, balance: 0, deposits: 0 }
    : { open: state.open, balance: data.balance, deposits: state.deposits + 1 }

const initialState = () => Account.initial

/** The dash makes the first part the stream's type. */
export const name = (stream: string) => `Account-${stream}`

const seed = (store: EventStore): Seedable["seed"] => (streams, length) =>
  forEachStream(
    streams,
    16,
    (stream) =>
      store.appendToStream<AccountEvent>(name(stream), Account.history(stream, length).map(wrap), {
        expectedStreamVersion: STREAM_DOES_NOT_EXIST
      })
  )

const handle = CommandHandler<Account.State, AccountEvent>({ evolve, initialState })

const executeWith = (store: EventStore): Executes["execute"] => (turns) =>
  promises(turns, async (stream) => {
    await handle(store, name(stream), (state) => wrap(Account.deposit(state)), { retry: { onVersionConflict: true } })
    return 1
  })

export const rows =
  `select stream_id as stream, stream_position as version, global_position as position, message_id as id,
  message_type as type, message_data as data, message_metadata as metadata from emt_messages`

interface Known {
  readonly version: bigint
  readonly state: Account.State
}

/** A command holds one connection, and a few more are at hand for what it does beside. */
export const open = Effect.fnUntraced(function*(url: string, clients: number) {
  const pool = new Pool({ connectionString: url, max: clients + 4 })
  // those that are idle when the database is dropped
  pool.on("error", () => undefined)
  return yield* Effect.acquireRelease(
    attempt(async () => {
      const store = getPostgreSQLEventStore(url, { connectionOptions: { pool } })
      await store.schema.migrate()
      return store
    }),
    (store) => Effect.promise(() => store.close().then(() => pool.ended ? undefined : pool.end()))
  )
})

export const emmett: Contender<Appends & Races & Executes & Loads> = {
  name: "emmett",
  open: Effect.fnUntraced(function*({ clients, url }) {
    const store = yield* open(url, clients)

    /** Each client knows what it wrote last, and reads what it has missed when it has lost a race. */
    const race = async (stream: string, known: Map<string, Known>): Promise<number> => {
      for (let tries = 1;; tries++) {
        const { state, version } = known.get(stream) ?? { version: 0n, state: Account.initial }
        if (version > 0n) {
          try {
            const event = wrap(Account.deposit(state))
            const { nextExpectedStreamVersion } = await store.appendToStream<AccountEvent>(name(stream), [event], {
              expectedStreamVersion: version
            })
            known.set(stream, { version: nextExpectedStreamVersion, state: evolve(state, event) })
            return tries
          } catch (error) {
            if (!isExpectedVersionConflictError(error)) throw error
          }
        }
        const { currentStreamVersion, events } = await store.readStream<AccountEvent>(name(stream), { from: version })
        known.set(stream, {
          version: currentStreamVersion,
          state: events.filter(({ metadata }) => metadata.streamPosition > version).reduce(evolve, state)
        })
      }
    }

    return {
      seed: seed(store),
      audit: Audit.ofTable(url, rows),
      append: (turns) =>
        promises(turns, async (stream) => {
          await store.appendToStream<AccountEvent>(name(stream), [wrap(Account.opened(stream))], {
            expectedStreamVersion: STREAM_DOES_NOT_EXIST
          })
          return 1
        }),
      race: (turns) => {
        const known = turns.map(() => new Map<string, Known>())
        return promises(turns, (stream, client) => race(stream, known[client]!))
      },
      execute: executeWith(store),
      load: (turns) =>
        promises(turns, async (stream) => {
          const { currentStreamVersion } = await store.aggregateStream<Account.State, AccountEvent>(name(stream), {
            evolve,
            initialState
          })
          return Number(currentStreamVersion)
        })
    }
  })
}

export const emmettMemory: Contender<Executes> = {
  name: "emmett",
  open: () =>
    Effect.sync(() => {
      const store = getInMemoryEventStore()
      const seeded: Array<string> = []
      return {
        seed: (streams, length) =>
          Effect.tap(seed(store)(streams, length), () => Effect.sync(() => seeded.push(...streams))),
        execute: executeWith(store),
        audit: Effect.map(
          attempt(() => Promise.all(seeded.map((stream) => store.readStream<AccountEvent>(name(stream))))),
          (streams) =>
            Audit.ofEvents(streams.flatMap(({ events }, index) =>
              events.map(({ data, metadata, type }) => ({
                stream: seeded[index]!,
                version: Number(metadata.streamPosition),
                position: Number(metadata.globalPosition),
                id: metadata.messageId,
                event: type === "Opened" ? { _tag: type, ...data } : { _tag: type, ...data }
              }))
            ))
        )
      }
    })
}
