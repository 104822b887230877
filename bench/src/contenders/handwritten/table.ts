/** The table of the hand-written contenders: the columns, constraints and indexes that refold's events have. */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import * as Account from "../../account.ts"
import * as Audit from "../../Audit.ts"
import type { BenchFailure } from "../../BenchFailure.ts"
import * as Log from "../../log.ts"
import { uuidv7 } from "../../uuidv7.ts"
import { withClient } from "../../withClient.ts"
import type { Audited, ReadsLogs, Seedable } from "../Contender.ts"

const create = `
  create table events (
    position bigint generated always as identity primary key,
    stream text collate "C" not null,
    version bigint not null check (version > 0),
    id uuid not null unique,
    type text collate "C" not null,
    schema_version integer not null default 1,
    data json not null,
    metadata json not null,
    recorded_at timestamptz not null default now(),
    unique (stream, version)
  )`

const seeding = `insert into events (stream, version, id, type, data, metadata)
  select stream, version, id, type, data::json, '{}'
  from unnest($1::text[], $2::int[], $3::uuid[], $4::text[], $5::text[]) as e(stream, version, id, type, data)`

export const load = `select type, data from events where stream = $1 order by version`

/** An event as it is written: a type, and JSON without the tag. */
export const encode = ({ _tag: type, ...data }: Account.AccountEvent) => ({ type, data: JSON.stringify(data) })

export type LoadedRow =
  | { readonly type: "Opened"; readonly data: Omit<Account.Opened, "_tag"> }
  | { readonly type: "Deposited"; readonly data: Omit<Account.Deposited, "_tag"> }

export interface Known {
  readonly version: number
  readonly state: Account.State
}

/** Folds the rows of a stream. */
export const fold = (rows: ReadonlyArray<LoadedRow>): Known => {
  let state = Account.initial
  for (const row of rows) {
    state = Account.evolve(
      state,
      row.type === "Opened" ? { _tag: row.type, ...row.data } : { _tag: row.type, ...row.data }
    )
  }
  return { version: rows.length, state }
}

const insertHistory = Effect.fnUntraced(function*(sql: SqlClient, streams: ReadonlyArray<string>, length: number) {
  const perStatement = Math.max(1, Math.floor(5000 / length))
  for (let from = 0; from < streams.length; from += perStatement) {
    const rows = streams.slice(from, from + perStatement).flatMap((stream) =>
      Account.history(stream, length).map((event, index) => ({ stream, version: index + 1, ...encode(event) }))
    )
    yield* sql.unsafe(seeding, [
      rows.map((row) => row.stream),
      rows.map((row) => row.version),
      rows.map(() => uuidv7()),
      rows.map((row) => row.type),
      rows.map((row) => row.data)
    ])
  }
})

/** Makes the table, and what the works need besides the contender's own writing and reading. */
export const prepare = (
  url: string,
  statements: ReadonlyArray<string>
): Effect.Effect<Audited & Seedable, BenchFailure> =>
  withClient(url, (sql) =>
    Effect.gen(function*() {
      // of processes that share a database the first one does it
      const [table] = yield* sql<{ readonly exists: boolean }>`select to_regclass('events') is not null as exists`
      if (table?.exists === true) return
      for (const statement of [create, ...statements]) yield* sql.unsafe(statement)
    })).pipe(Effect.as({
      seed: (streams, length) => withClient(url, (sql) => insertHistory(sql, streams, length)),
      audit: Audit.ofTable(
        url,
        "select stream, version, position, id, type, data::jsonb as data, metadata::jsonb as metadata from events"
      )
    }))

/** The same for a log that is there before. */
export const prepareForLogs = (
  url: string,
  statements: ReadonlyArray<string>
): Effect.Effect<ReadsLogs, BenchFailure> =>
  Effect.map(prepare(url, statements), ({ audit }) => ({
    audit,
    store: (log) =>
      Log.store(url, [
        `insert into events (stream, version, id, type, data, metadata)
         select stream, version, gen_random_uuid(), type, data::json, '{}' from (${Log.select(log)}) log`
      ])
  }))
