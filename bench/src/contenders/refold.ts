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
  const provide = Effect.provideService(EventStore.EventStore, store)
  const deposit = (store: EventStore.EventStore["Service"], stream: string) =>
    Effect.provideService(account.execute(stream, { _tag: "Deposit" }), EventStore.EventStore, store)
  const tuned = Effect.provideService(Tuning.Current, tuning)
  return {
    audit,
    seed: (streams, length) =>
      Effect.forEach(
        streams,
        (stream) =>
          provide(EventStore.append(account, stream, Account.history(stream, length), {
            condition: AppendCondition.noStream
          })),
        { concurrency: 16, discard: true }
      ).pipe(Effect.mapError((cause) => new BenchFailure({ message: cause.message, cause }))),
    append: (turns) =>
      fibers(turns, (stream) =>
        Effect.as(
          provide(EventStore.append(account, stream, [Account.opened(stream)], {
            condition: AppendCondition.noStream
          })),
          1
        )),
    race: (turns) =>
      Effect.suspend(() => {
        counting.tries = 0
        return Effect.map(
          tuned(fibers(turns, (stream) => Effect.as(deposit(counting, stream), 0))),
          () => counting.tries
        )
      }),
    execute: (turns) => tuned(fibers(turns, (stream) => Effect.as(deposit(store, stream), 1))),
    load: (turns) =>
      tuned(fibers(turns, (stream) => Effect.map(provide(account.load(stream)), ({ version }) => version)))
  }
}

const rows = `select category || '-' || stream_id as stream, version, position, event_id as id, type,
  data::jsonb as data, metadata::jsonb as metadata from refold.events`

const make = (name: string, tuning: Tuning.Tuning): Contender<RefoldSession> => ({
  name,
  open: ({ url }) =>
    // reads of several fibers share a connection, as the documentation recommends; appends take their own
    Layer.build(Layer.provide(PgEventStore.layer(), PgClient.layer({ url: Redacted.make(url), multiplex: true }))).pipe(
      Effect.map((context) => session(Context.get(context, EventStore.EventStore), Audit.ofTable(url, rows), tuning)),
      Effect.mapError((cause) => new BenchFailure({ message: `${name}: ${cause.message}`, cause }))
    )
})

export const refold = make("refold", Tuning.defaults)

export const refoldUncached = make("refold, cache off", { ...Tuning.defaults, cachedStates: 0 })
