/**
 * All events of a store as lines of text, and back: to move them to another database, or to keep them somewhere else.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type { EventStoreError } from "refold/EventStoreError"
import * as Lines from "./internal/archiveLines.ts"
import { codeOf, toStoreError, transact } from "./internal/errors.ts"
import { archiveStatements } from "./internal/sql/archive.ts"

const pageSize = 1_000

/**
 * Which store.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The schema that holds the tables; `refold` by default. */
  readonly schema?: string | undefined
}

/**
 * An archive is read into a store that is empty, or not at all: positions and versions could not be kept otherwise.
 *
 * @category errors
 * @since 0.1.0
 */
export class StoreNotEmpty extends Data.TaggedError("StoreNotEmpty")<{ readonly schema: string }> {
  override get message(): string {
    return `The schema "${this.schema}" has events already: an archive is read into an empty store only`
  }
}

/**
 * What was read is not an archive, or not all of one. Nothing of it was stored.
 *
 * @category errors
 * @since 0.1.0
 */
export class DamagedArchive extends Data.TaggedError("DamagedArchive")<{
  /** The line, counted from 1; `undefined` if it is not one line that is to blame. */
  readonly line: number | undefined
  readonly problem: string
}> {
  override get message(): string {
    return `The archive is damaged${
      this.line === undefined ? "" : `, line ${this.line}`
    }: ${this.problem}; nothing was stored`
  }
}

/**
 * The events that are in the log now, in its order, each as a line of JSON without its line break. The first line says what
 * this is, the last one how many events there are, and how many versions are not there because they were discarded. Ids,
 * versions, positions, metadata and instants are those that are stored, and data is there to the letter.
 *
 * @category archiving
 * @since 0.1.0
 */
export const toLines = (
  { schema = "refold" }: Options = {}
): Stream.Stream<string, EventStoreError, PgClient.PgClient> =>
  Stream.unwrap(Effect.gen(function*() {
    const sql = (yield* PgClient.PgClient).withoutTransforms()
    const statement = archiveStatements(schema)
    const [last] = yield* Effect.mapError(sql.unsafe<{ readonly position: bigint }>(statement.end), toStoreError)
    const end = last?.position ?? BigInt(0)
    let events = 0
    const pages = Stream.paginate(BigInt(0), (after) =>
      sql.unsafe<{ readonly position: bigint; readonly line: string }>(statement.lines, [after, end, pageSize]).pipe(
        Effect.mapError(toStoreError),
        Effect.map((rows) => {
          events += rows.length
          const next = rows[pageSize - 1]?.position
          return [
            rows.map(({ line }) =>
              line
            ),
            next === undefined ? Option.none<bigint>() : Option.some(next)
          ] as const
        })
      ))
    return Stream.make(Lines.header).pipe(
      Stream.concat(pages),
      Stream.concat(Stream.fromEffect(Effect.map(
        // at the end: what is discarded meanwhile may be counted although it is there, and nothing is forgotten
        Effect.mapError(sql.unsafe<{ readonly missing: bigint }>(statement.missing), toStoreError),
        ([row]) => Lines.footer({ events, missing: Number(row?.missing ?? 0) })
      )))
    )
  }))

/**
 * Puts the events of an archive into an empty store, all of them or none, and returns how many there are. Nobody can append
 * meanwhile. The tables must be there; projections run afterwards as over any other log.
 *
 * @category archiving
 * @since 0.1.0
 */
export const fromLines = <E, R>(
  lines: Stream.Stream<string, E, R>,
  { schema = "refold" }: Options = {}
): Effect.Effect<number, E | StoreNotEmpty | DamagedArchive | EventStoreError, R | PgClient.PgClient> =>
  Effect.flatMap(PgClient.PgClient, (client) => {
    const sql = client.withoutTransforms()
    const statement = archiveStatements(schema)
    const insert = (events: ReadonlyArray<Lines.ArchivedEvent>) =>
      events.length === 0 ? Effect.void : Effect.mapError(sql.unsafe(statement.insert, columns(events)), refusal)

    const store = Effect.gen(function*() {
      yield* sql.unsafe(statement.lockAppends)
      const [row] = yield* sql.unsafe<{ readonly empty: boolean }>(statement.isEmpty)
      if (row?.empty !== true) return yield* new StoreNotEmpty({ schema })
      const check = makeCheck()
      yield* lines.pipe(
        Stream.rechunk(pageSize),
        Stream.runForEachArray((lines) => Effect.flatMap(Effect.fromResult(check.lines(lines)), insert))
      )
      const { events, missing } = yield* check.end
      const [gap] = yield* sql.unsafe<Gap>(statement.gap)
      if (gap !== undefined && Number(gap.missing) > missing) {
        const problem = missing === 0
          ? `${gap.stream} has come to version ${gap.version} with ${gap.events} events`
          : `${gap.missing} versions of its streams are not there, and not ${missing}`
        return yield* new DamagedArchive({ line: undefined, problem })
      }
      yield* sql.unsafe(statement.goOn)
      yield* sql.unsafe(statement.analyze).unprepared
      return events
    })
    return transact(sql)(Effect.mapError(store, (error) => error instanceof SqlError ? toStoreError(error) : error))
  })

interface Gap {
  readonly stream: string
  readonly version: bigint
  readonly events: bigint
  readonly missing: bigint
}

/** Follows an archive line by line: it has a head and an end, and positions that grow. */
const makeCheck = () => {
  let number = 0
  let events = 0
  let position = 0
  let announced: Lines.Footer | undefined

  /** The event of a line; nothing of the first one, of the last, and of an empty one. */
  const check = (line: string): Result.Result<Lines.ArchivedEvent | undefined, string> => {
    number++
    if (line === "") return Result.succeed(undefined)
    if (announced !== undefined) return Result.fail("something comes after its end")
    if (number === 1) {
      return line === Lines.header ? Result.succeed(undefined) : Result.fail(`it does not begin with ${Lines.header}`)
    }
    const parsed = Lines.parse(line)
    if (Result.isFailure(parsed)) return Result.fail(`it ${parsed.failure.problem}`)
    const found = parsed.success
    if ("events" in found) {
      announced = found
      return Result.succeed(undefined)
    }
    if (found.position <= position) return Result.fail(`position ${found.position} comes after ${position}`)
    position = found.position
    events++
    return Result.succeed(found)
  }

  return {
    lines: (lines: ReadonlyArray<string>): Result.Result<ReadonlyArray<Lines.ArchivedEvent>, DamagedArchive> => {
      const found: Array<Lines.ArchivedEvent> = []
      for (const line of lines) {
        const result = check(line)
        if (Result.isFailure(result)) return Result.fail(new DamagedArchive({ line: number, problem: result.failure }))
        if (result.success !== undefined) found.push(result.success)
      }
      return Result.succeed(found)
    },
    end: Effect.suspend(() =>
      announced?.events === events
        ? Effect.succeed(announced)
        : Effect.fail(
          new DamagedArchive({
            line: undefined,
            problem: announced === undefined ? "its end is missing" : `it has ${events} events, not ${announced.events}`
          })
        )
    )
  }
}

/** What the database refuses was not written by a store; anything else has nothing to do with the archive. */
const refusal = (error: SqlError): DamagedArchive | EventStoreError => {
  const { _tag } = error.reason
  const isRefused = _tag === "UniqueViolation" || _tag === "ConstraintError" || codeOf(error).startsWith("22")
  return isRefused ? new DamagedArchive({ line: undefined, problem: toStoreError(error).message }) : toStoreError(error)
}

const columns = (events: ReadonlyArray<Lines.ArchivedEvent>): ReadonlyArray<unknown> => [
  events.map(({ position }) => BigInt(position)),
  events.map(({ tenant }) => tenant),
  events.map(({ category }) => category),
  events.map(({ stream }) => stream),
  events.map(({ version }) => BigInt(version)),
  events.map(({ id }) => id),
  events.map(({ type }) => type),
  events.map(({ schemaVersion }) => schemaVersion),
  events.map(({ data }) => data),
  events.map(({ metadata }) => metadata),
  events.map(({ recordedAt }) => recordedAt)
]
