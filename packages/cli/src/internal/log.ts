/** `refold streams` and `refold events`: what is in the store, whatever its schemas. */
import * as PgLog from "@refold/sql-pg/PgLog"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { format } from "refold/StreamId"
import * as Connection from "./connection.ts"
import { json, paint } from "./print.ts"
import * as StreamName from "./streamName.ts"
import * as Text from "./text.ts"

const filters = {
  category: Flag.String("category").pipe(Flag.withDescription("Only streams of this category"), Flag.optional),
  tenant: Flag.String("tenant").pipe(Flag.withDescription("Only streams of this tenant"), Flag.optional)
}

const asJson = Flag.Boolean("json").pipe(
  Flag.withDescription("One JSON object per line, for programs"),
  Flag.withDefault(false)
)

const limit = Flag.Int("limit").pipe(Flag.withDescription("No more than this many"), Flag.optional)

const atMost = <A, E, R>(self: Stream.Stream<A, E, R>, limit: Option.Option<number>): Stream.Stream<A, E, R> =>
  Option.match(limit, { onNone: () => self, onSome: (limit) => Stream.take(self, limit) })

/** The tenant is of interest where there is more than the one nobody has thought of. */
const nameOf = (stream: PgLog.StreamInfo["stream"]) =>
  Text.printable(`${stream.tenant === "default" ? "" : `${stream.tenant}/`}${format(stream)}`)

export const streams = Command.make("streams", {
  ...Connection.flags,
  ...filters,
  like: Flag.String("like").pipe(
    Flag.withDescription("Only ids like this, where % stands for any text"),
    Flag.optional
  ),
  limit,
  json: asJson
}, (input) =>
  atMost(
    PgLog.streams({
      category: Option.getOrUndefined(input.category),
      tenant: Option.getOrUndefined(input.tenant),
      like: Option.getOrUndefined(input.like),
      schema: input.schema
    }),
    input.limit
  ).pipe(
    Stream.runForEach(({ position, recordedAt, stream, version }) => {
      const instant = DateTime.formatIso(recordedAt)
      return input.json
        ? json({ ...stream, version, position, recordedAt: instant })
        : Console.log(`${paint("dim", instant)}  ${String(version).padStart(6)}  ${nameOf(stream)}`)
    }),
    Effect.provide(Connection.stores(input))
  )).pipe(Command.withDescription("The streams: when the last event was recorded, the version, the name"))

export const events = Command.make("events", {
  ...Connection.flags,
  stream: StreamName.flag,
  ...filters,
  type: Flag.String("type").pipe(Flag.withDescription("Only events of this type"), Flag.optional),
  after: Flag.Int("after").pipe(Flag.withDescription("Only events after this position"), Flag.withDefault(0)),
  follow: Flag.Boolean("follow").pipe(
    Flag.withAlias("f"),
    Flag.withDescription("Wait for what is to come"),
    Flag.withDefault(false)
  ),
  limit,
  json: asJson
}, (input) => {
  const stream = Option.getOrUndefined(input.stream)
  return atMost(
    PgLog.events({
      category: stream?.category ?? Option.getOrUndefined(input.category),
      stream: stream?.id,
      tenant: Option.getOrUndefined(input.tenant),
      type: Option.getOrUndefined(input.type),
      after: input.after,
      follow: input.follow,
      schema: input.schema
    }),
    input.limit
  ).pipe(
    Stream.runForEach((event) => input.json ? json(plain(event)) : Console.log(lineOf(event))),
    Effect.provide(Connection.stores(input))
  )
}).pipe(Command.withDescription("The events, in the order of the log"))

const plain = ({ recordedAt, stream: { category, id, tenant }, ...event }: PgLog.StoredEvent) => ({
  ...event,
  tenant,
  category,
  stream: id,
  recordedAt: DateTime.formatIso(recordedAt)
})

const lineOf = ({ data, metadata, position, recordedAt, stream, type, version }: PgLog.StoredEvent): string => {
  const about = JSON.stringify(metadata)
  return `${paint("dim", String(position).padStart(8))}  ${paint("dim", DateTime.formatIso(recordedAt))}  ` +
    `${nameOf(stream)} ${paint("dim", `v${version}`)}  ${paint("cyan", Text.printable(type))}  ` +
    `${Text.printable(JSON.stringify(data))}${about === "{}" ? "" : `  ${paint("dim", Text.printable(about))}`}`
}
