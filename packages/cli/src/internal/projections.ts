/** `refold projections`: see how they are doing, and deal with them. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Projections from "refold/Projections"
import type { ProjectionId } from "refold/ProjectionStore"
import { confirm, yes } from "./confirm.ts"
import * as Connection from "./connection.ts"
import { json, paint, Problem } from "./print.ts"
import * as Tables from "./projectionTables.ts"
import * as StreamName from "./streamName.ts"
import * as Text from "./text.ts"

const name = Argument.String("name").pipe(Argument.withDescription("The projection"))

const version = Flag.Int("version").pipe(
  Flag.withDescription("Its version; the one that is live by default"),
  Flag.optional
)

const asJson = Flag.Boolean("json").pipe(
  Flag.withDescription("One JSON object per line, for programs"),
  Flag.withDefault(false)
)

/** The version that is meant: what is live, or the only one there is. */
const find = Effect.fnUntraced(function*(name: string, version: Option.Option<number>) {
  const all = yield* Projections.list()
  const named = all.filter((projection) => projection.name === name)
  if (named.length === 0) {
    const names = [...new Set(all.map((projection) => projection.name))].join(", ")
    return yield* new Problem({
      message: `There is no projection "${name}"; there is ${names === "" ? "none" : names}`
    })
  }
  const found = Option.isSome(version)
    ? named.find((projection) => projection.version === version.value)
    : named.find(({ isLive }) => isLive) ?? (named.length === 1 ? named[0] : undefined)
  if (found !== undefined) return found
  const versions = named.map(({ version }) => version).join(", ")
  return yield* new Problem({ message: `Which version of ${name}? There is ${versions}: say --version` })
})

const titleOf = ({ name, version }: ProjectionId) => `${Text.printable(name)} v${version}`

const list = Command.make("list", {
  ...Connection.flags,
  name: Argument.optional(name),
  watch: Flag.Boolean("watch").pipe(Flag.withDescription("Show it again every second"), Flag.withDefault(false)),
  json: asJson
}, (input) =>
  Effect.gen(function*() {
    const { stdoutIsTerminal } = yield* Stdio.Stdio
    const isTerminal = yield* stdoutIsTerminal
    const show = (all: ReadonlyArray<Projections.ProjectionStatus>) =>
      input.json
        ? Effect.forEach(all, (projection) => json(Tables.asJson(projection)), { discard: true })
        : Console.log(`${input.watch && isTerminal ? "\u001b[2J\u001b[H" : ""}${Tables.projections(all)}`)
    // rates need two looks
    const looks = Projections.watch(input.watch ? "1 second" : "300 millis", Option.getOrUndefined(input.name))
    yield* Stream.runForEach(input.watch ? looks : looks.pipe(Stream.take(2), Stream.drop(1)), show)
  }).pipe(Effect.provide(Connection.stores(input)))).pipe(
    Command.withDescription("How projections are doing: position, lag, rate, workers, parked events, last error")
  )

const act = <Name extends string, E, R>(
  command: Name,
  description: string,
  done: string,
  work: (projection: ProjectionId) => Effect.Effect<void, E, R>,
  warning?: string
) =>
  Command.make(command, { ...Connection.flags, name, version, yes }, (input) =>
    Effect.gen(function*() {
      const projection = yield* find(input.name, input.version)
      if (warning !== undefined) yield* confirm(`${titleOf(projection)}: ${warning}`, input.yes)
      yield* work(projection)
      yield* Console.log(`${titleOf(projection)} ${done}`)
    }).pipe(Effect.provide(Connection.stores(input)))).pipe(Command.withDescription(description))

const pause = act("pause", "Has its workers stop after the batch in hand", "is paused", Projections.pause)

const resume = act("resume", "Lets it go on that was paused or has stopped", "goes on", Projections.resume)

const reset = act(
  "reset",
  "Starts it over",
  "starts over",
  Projections.reset,
  "its rows and parked events are deleted, and every event is handled again, side effects included."
)

const drop = act(
  "drop",
  "Forgets a version, with its rows",
  "is gone",
  Projections.drop,
  "it is forgotten, with its rows, its position and its parked events."
)

const rewind = Command.make("rewind", {
  ...Connection.flags,
  name,
  position: Argument.Int("position").pipe(Argument.withDescription("The events after it are handled next")),
  version,
  yes
}, (input) =>
  Effect.gen(function*() {
    const projection = yield* find(input.name, input.version)
    if (input.position < 0) return yield* new Problem({ message: `${input.position} is no position` })
    const { position } = projection
    const what = input.position < position
      ? "events are handled again, side effects included."
      : "events are left out."
    yield* confirm(`${titleOf(projection)} goes from ${position} to ${input.position}: ${what}`, input.yes)
    yield* Projections.rewind(projection, input.position)
    yield* Console.log(`${titleOf(projection)} goes on after position ${input.position}`)
  }).pipe(Effect.provide(Connection.stores(input)))).pipe(
    Command.withDescription("Moves it to a position of the log")
  )

const parked = Command.make(
  "parked",
  { ...Connection.flags, name, version, json: asJson },
  (input) =>
    Effect.gen(function*() {
      const events = yield* Projections.parked(yield* find(input.name, input.version))
      if (input.json) return yield* Effect.forEach(events, json, { discard: true })
      yield* Console.log(events.length === 0 ? paint("dim", "Nothing is parked") : Tables.parked(events))
    }).pipe(Effect.provide(Connection.stores(input)))
).pipe(Command.withDescription("The events that were set aside, with what went wrong"))

const retry = Command.make("retry", {
  ...Connection.flags,
  name,
  version,
  stream: StreamName.flag,
  tenant: Flag.String("tenant").pipe(
    Flag.withDescription("Whose stream that is"),
    Flag.withDefault("default")
  )
}, (input) =>
  Effect.gen(function*() {
    const projection = yield* find(input.name, input.version)
    const stream = Option.map(input.stream, (name) => ({ tenant: input.tenant, ...name }))
    yield* Projections.retryParked(projection, Option.getOrUndefined(stream))
    yield* Console.log(`${titleOf(projection)} tries again what is parked`)
  }).pipe(Effect.provide(Connection.stores(input)))).pipe(
    Command.withDescription("Has the worker handle parked events again")
  )

const dropParked = Command.make("drop-parked", {
  ...Connection.flags,
  name,
  positions: Argument.Int("position").pipe(
    Argument.withDescription("Of the events that are given up"),
    Argument.variadic({ min: 1 })
  ),
  version,
  yes
}, (input) =>
  Effect.gen(function*() {
    const projection = yield* find(input.name, input.version)
    yield* confirm(`${titleOf(projection)}: ${input.positions.length} parked events are given up for good.`, input.yes)
    yield* Projections.dropParked(projection, input.positions)
    yield* Console.log(`${titleOf(projection)} has given up ${input.positions.join(", ")}`)
  }).pipe(Effect.provide(Connection.stores(input)))).pipe(
    Command.withDescription("Gives up parked events, by position: they will not be handled")
  )

export const projections = Command.make("projections").pipe(
  Command.withDescription("See how projections are doing, and deal with them"),
  Command.withSubcommands([list, pause, resume, reset, rewind, drop, parked, retry, dropParked])
)
