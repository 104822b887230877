/** `refold export` and `refold import`: all events as lines of JSON, and back. */
import * as PgArchive from "@refold/sql-pg/PgArchive"
import * as PgMigrations from "@refold/sql-pg/PgMigrations"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Connection from "./connection.ts"
import * as Text from "./text.ts"

export const exporting = Command.make("export", {
  ...Connection.flags,
  file: Argument.String("file").pipe(
    Argument.withDescription("Where to; - is standard output"),
    Argument.withDefault("-")
  )
}, ({ file, ...connection }) =>
  Effect.gen(function*() {
    const { stdout } = yield* Stdio.Stdio
    const fs = yield* FileSystem.FileSystem
    const pages = Stream.mapArray(
      PgArchive.toLines({ schema: connection.schema }),
      (lines) => [lines.map((line) => `${line}\n`).join("")]
    )
    if (file === "-") return yield* Stream.run(pages, stdout({ endOnDone: false }))
    // a file that is there is a whole one
    const partial = `${file}.partial`
    yield* Stream.run(Stream.encodeText(pages), fs.sink(partial)).pipe(
      Effect.andThen(fs.rename(partial, file)),
      Effect.onError(() => Effect.ignore(fs.remove(partial)))
    )
    yield* Console.error(`All events are in ${file}`)
  }).pipe(Effect.provide(Connection.stores(connection)))).pipe(
    Command.withDescription("Writes all events as lines of JSON, with their ids, versions, positions and metadata")
  )

export const importing = Command.make("import", {
  ...Connection.flags,
  file: Argument.String("file").pipe(Argument.withDescription("Where from; - is standard input"))
}, ({ file, ...connection }) =>
  Effect.gen(function*() {
    const { stdin } = yield* Stdio.Stdio
    const fs = yield* FileSystem.FileSystem
    yield* PgMigrations.migrate(connection.schema)
    const bytes = file === "-" ? stdin : fs.stream(file)
    const lines = bytes.pipe(Stream.decodeText, Stream.splitLines)
    const events = yield* PgArchive.fromLines(lines, { schema: connection.schema })
    yield* Console.log(`${Text.count(events)} events are in the schema ${connection.schema}`)
  }).pipe(Effect.provide(Connection.client(connection, { makesFolder: true })))).pipe(
    Command.withDescription("Puts exported events into a store that is empty: all of them, or none")
  )
