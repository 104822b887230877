/**
 * What people write first: one INSERT per append, guarded by the unique (stream, version). On `@effect/sql-pg`,
 * which was no slower at this than `pg` and `postgres`; more than 16 connections were no faster.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Account from "../../account.ts"
import { BenchFailure } from "../../BenchFailure.ts"
import { uuidv7 } from "../../uuidv7.ts"
import { type Appends, type Contender, type Executes, fibers, type Races } from "../Contender.ts"
import * as Table from "./table.ts"

/** No row comes back if somebody else has taken the version. */
const statement = `insert into events (stream, version, id, type, data, metadata) values ($1, $2, $3, $4, $5, $6)
  on conflict (stream, version) do nothing returning position`

/** The newest event carries the balance, so a client that lost a race has to read one row only. */
const newest = `select version, (data->>'balance')::bigint as balance
  from events where stream = $1 order by version desc limit 1`

interface NewestRow {
  readonly version: bigint
  readonly balance: bigint | null
}

/** All events but the first are deposits. */
const known = ([newest]: ReadonlyArray<NewestRow>): Table.Known => ({
  version: Number(newest?.version ?? 0),
  state: {
    open: newest !== undefined,
    balance: Number(newest?.balance ?? 0),
    deposits: Number(newest?.version ?? 1) - 1
  }
})

export const insert: Contender<Appends & Races & Executes> = {
  name: "insert",
  open: Effect.fnUntraced(function*({ url }) {
    const table = yield* Table.prepare(url, [])
    const client = PgClient.layer({ url: Redacted.make(url), maxConnections: 16 })
    const sql = Context.get(
      yield* Effect.mapError(Layer.build(client), (cause) => new BenchFailure({ message: cause.message, cause })),
      PgClient.PgClient
    )
    const load = (stream: string) => Effect.map(sql.unsafe<Table.LoadedRow>(Table.load, [stream]), Table.fold)
    const append = (stream: string, version: number, event: Account.AccountEvent) => {
      const { data, type } = Table.encode(event)
      return Effect.map(
        sql.unsafe(statement, [stream, version, uuidv7(), type, data, "{}"]),
        (rows) => rows.length > 0
      )
    }
    const look = (stream: string) => Effect.map(sql.unsafe<NewestRow>(newest, [stream]), known)
    const race = Effect.fnUntraced(function*(stream: string, known: Map<string, Table.Known>) {
      for (let tries = 1;; tries++) {
        const { state, version } = known.get(stream) ?? (yield* look(stream))
        const event = Account.deposit(state)
        if (yield* append(stream, version + 1, event)) {
          known.set(stream, { version: version + 1, state: Account.evolve(state, event) })
          return tries
        }
        known.delete(stream)
      }
    })
    return {
      ...table,
      append: (turns) => fibers(turns, (stream) => Effect.as(append(stream, 1, Account.opened(stream)), 1)),
      race: (turns) => {
        // each client knows what it wrote last, and looks again when it has lost a race
        const known = turns.map(() => new Map<string, Table.Known>())
        return fibers(turns, (stream, client) => race(stream, known[client]!))
      },
      execute: (turns) =>
        fibers(turns, (stream) =>
          Effect.gen(function*() {
            for (let tries = 1;; tries++) {
              const { state, version } = yield* load(stream)
              if (yield* append(stream, version + 1, Account.deposit(state))) return tries
            }
          }))
    }
  })
}
