/** refold on PostgreSQL, through its public API. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { PgEventStore } from "@refold/sql-pg"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import * as Tuning from "refold/Tuning"
import * as Account from "../account.ts"
import * as Audit from "../Audit.ts"
import { BenchFailure } from "../BenchFailure.ts"
import { type Appends, type Contender, type Executes, fibers, type Loads, type Races } from "./Contender.ts"

const AccountCommand = Schema.TaggedUnion({ Deposit: {} })

const AccountEvent = Schema.TaggedUnion({
  Opened: { owner: Schema.String, currency: Schema.String },
  Deposited: { amount: Schema.Int, balance: Schema.Int, reference: Schema.String, note: Schema.String }
})

const AccountState = Schema.Struct({ open: Schema.Boolean, balance: Schema.Int, deposits: Schema.Int })

export const makeAccount = () =>
  Aggregate.make("Account", {
    command: AccountCommand,
    event: AccountEvent,
    state: AccountState,
    initial: Account.initial,
    decide: (_command, state) => [Account.deposit(state)],
    evolve: Account.evolve,
    conflicts: {
      Opened: "collides",
      // the balance depends on every deposit before
      Deposited: { redecides: ["Deposited"], collides: ["Opened"] }
    }
  })

export type RefoldSession = Appends & Races & Executes & Loads

/** The same store, which remembers how often it was asked to append. Aggregates tell stores apart: it takes one for all. */
const countAppends = (store: EventStore.EventStore["Service"]) => {
  const counting: EventStore.EventStore["Service"] & { tries: number } = {
    ...store,
    tries: 0,
    append: (source, id, events, options) => {
      counting.tries++
      return store.append(source, id, events, options)
    }
  }
  return counting
}

/** What the works do with any event store of refold. */
export const session = (
  store: EventStore.EventStore["Service"],
  audit: RefoldSession["audit"],
  tuning: Tuning.Tuning = Tuning.defaults
): RefoldSession => {
  const account = makeAccount()
  const counting = countAppends(store)
  // once for all clients, as an application provides its layers
  const provide = (store: EventStore.EventStore["Service"]) =>
    Effect.provide(Context.make(EventStore.EventStore, store).pipe(Context.add(Tuning.Current, tuning)))
  const deposit = (stream: string) => account.execute(stream, { _tag: "Deposit" })
  return {
    audit,
    seed: (streams, length) =>
      Effect.forEach(
        streams,
        (stream) =>
          EventStore.append(account, stream, Account.history(stream, length), { condition: AppendCondition.noStream }),
        { concurrency: 16, discard: true }
      ).pipe(provide(store), Effect.mapError((cause) => new BenchFailure({ message: cause.message, cause }))),
    append: (turns) =>
      fibers(turns, (stream) =>
        Effect.as(
          EventStore.append(account, stream, [Account.opened(stream)], { condition: AppendCondition.noStream }),
          1
        )).pipe(provide(store)),
    race: (turns) =>
      Effect.suspend(() => {
        counting.tries = 0
        return Effect.map(
          fibers(turns, (stream) => Effect.as(deposit(stream), 0)).pipe(provide(counting)),
          () => counting.tries
        )
      }),
    execute: (turns) => fibers(turns, (stream) => Effect.as(deposit(stream), 1)).pipe(provide(store)),
    load: (turns) =>
      fibers(turns, (stream) => Effect.map(account.load(stream), ({ version }) => version)).pipe(provide(store))
  }
}

/** The store and its projections, on a pool as the documentation recommends: reads of several fibers share a connection. */
export const build = (name: string, url: string) =>
  Layer.build(Layer.provide(PgEventStore.layer(), PgClient.layer({ url: Redacted.make(url), multiplex: true }))).pipe(
    Effect.mapError((cause) => new BenchFailure({ message: `${name}: ${cause.message}`, cause }))
  )

/** All that is stored, for the audit. */
export const rows = `select category || '-' || stream_id as stream, version, position, event_id as id, type,
  data::jsonb as data, metadata::jsonb as metadata from refold.events`

const make = (name: string, tuning: Tuning.Tuning): Contender<RefoldSession> => ({
  name,
  open: ({ url }) =>
    Effect.map(
      build(name, url),
      (context) => session(Context.get(context, EventStore.EventStore), Audit.ofTable(url, rows), tuning)
    )
})

export const refold = make("refold", Tuning.defaults)

export const refoldUncached = make("refold, cache off", { ...Tuning.defaults, cachedStates: 0 })
