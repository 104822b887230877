/**
 * The limit refold is held against: the best we could write by hand for these works alone. Appends of concurrent callers
 * travel in one statement, checked strictly, in commit order, with ids, metadata and NOTIFY; states stay in memory;
 * nothing is typed, validated, configurable or traced. On `pg`, with plain promises: the drivers hardly differ at this.
 * One JSON parameter was faster than arrays (1.4 times with one client), one batch under way faster than two.
 */
import * as Effect from "effect/Effect"
import type { Client } from "pg"
import * as Account from "../../account.ts"
import { uuidv7 } from "../../uuidv7.ts"
import { type Appends, type Contender, type Executes, promises, type Races } from "../Contender.ts"
import { Batcher, type Group } from "./Batcher.ts"
import { connect } from "./connect.ts"
import * as Table from "./table.ts"

/**
 * The snapshot of the insert is taken after the lock, which is held to the commit: it shows every version there is, and
 * positions are in the order of commits.
 */
const appendFunction = `
  create function append(batch json) returns table (appended text, "at" bigint) language plpgsql as $$
  begin
    perform pg_advisory_xact_lock(1);
    return query
      insert into events as e (stream, version, id, type, data, metadata)
      select r.stream, r.version, r.id, r.type, r.data, r.metadata
      from json_to_recordset(batch) as r(
        stream text, expected bigint, version bigint, id uuid, type text, data json, metadata json
      )
      where r.expected = coalesce((select max(known.version) from events known where known.stream = r.stream), 0)
      returning e.stream, e.position;
    perform pg_notify('events', '');
  end $$`

const row = (stream: string, expected: number, version: number, event: Account.AccountEvent): string => {
  const { data, type } = Table.encode(event)
  return `{"stream":${JSON.stringify(stream)},"expected":${expected},"version":${version},"id":"${uuidv7()}",` +
    `"type":"${type}","data":${data},"metadata":{}}`
}

const sendWith = (client: Client) => async (groups: ReadonlyArray<Group>): Promise<ReadonlyMap<string, number>> => {
  const rows = groups.flatMap(({ events, expected, stream }) =>
    events.map((event, index) => row(stream, expected, expected + 1 + index, event))
  )
  const result = await client.query<[string, string]>({
    name: "append",
    text: "select * from append($1::json)",
    values: [`[${rows.join(",")}]`],
    rowMode: "array"
  })
  return new Map(result.rows.map(([stream, position]) => [stream, Number(position)]))
}

/**
 * States are kept, and move on as soon as something is decided: the next command on the stream is decided on what the one
 * before it leads to, in the same batch or a later one. If that is refused, the state is forgotten and read again.
 */
const executeWith = (batcher: Batcher, reader: Client) => {
  const known = new Map<string, Table.Known>()
  const reading = new Map<string, Promise<Table.Known>>()
  const read = async (stream: string): Promise<Table.Known> => {
    const { rows } = await reader.query<Table.LoadedRow>({ name: "load", text: Table.load, values: [stream] })
    const loaded = Table.fold(rows)
    known.set(stream, loaded)
    reading.delete(stream)
    return loaded
  }
  return async (stream: string): Promise<number> => {
    for (let tries = 1;; tries++) {
      if (!known.has(stream)) {
        if (!reading.has(stream)) reading.set(stream, read(stream))
        await reading.get(stream)
      }
      const { state, version } = known.get(stream)!
      const event = Account.deposit(state)
      const next = { version: version + 1, state: Account.evolve(state, event) }
      known.set(stream, next)
      if (await batcher.append(stream, version, event) !== "refused") return tries
      known.delete(stream)
    }
  }
}

export const coalesced: Contender<Appends & Races & Executes> = {
  name: "coalesced",
  open: Effect.fnUntraced(function*({ url }) {
    const table = yield* Table.prepare(url, [appendFunction])
    const writer = yield* connect(url, false)
    const reader = yield* connect(url, true)
    const batcher = new Batcher(sendWith(writer))
    const execute = executeWith(batcher, reader)
    return {
      ...table,
      append: (turns) =>
        promises(turns, async (stream) => {
          if (await batcher.append(stream, 0, Account.opened(stream)) === "refused") throw new Error(`${stream} exists`)
          return 1
        }),
      race: (turns) => promises(turns, execute),
      execute: (turns) => promises(turns, execute)
    }
  })
}
