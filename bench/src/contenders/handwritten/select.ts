/**
 * The limit of loading: one prepared SELECT per load, pipelined on two connections, folded without decoding. With `pg`,
 * which was no slower at this than `@effect/sql-pg`.
 */
import * as Effect from "effect/Effect"
import { type Contender, type Loads, promises } from "../Contender.ts"
import { connect } from "./connect.ts"
import * as Table from "./table.ts"

export const select: Contender<Loads> = {
  name: "select",
  open: Effect.fnUntraced(function*({ url }) {
    const table = yield* Table.prepare(url, [])
    const connections = [yield* connect(url, true), yield* connect(url, true)]
    return {
      ...table,
      load: (turns) =>
        promises(turns, async (stream, client) => {
          const connection = connections[client % connections.length]!
          const { rows } = await connection.query<Table.LoadedRow>({ name: "load", text: Table.load, values: [stream] })
          return Table.fold(rows).version
        })
    }
  })
}
