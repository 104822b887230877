/**
 * What a process knew: a line for every append that it began, and one for how that ended. Written at once, so that it
 * outlives a process that is killed; a line that is missing is something the process did not know.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import type { AppendCondition } from "refold/AppendCondition"
import type { Tagged } from "refold/Decider"
import type { RecordedEvent } from "refold/RecordedEvent"

/** Nanoseconds on a clock that all processes of a machine share. */
const Instant = { at: Schema.Finite }

export const Line = Schema.TaggedUnion({
  Began: {
    ...Instant,
    attempt: Schema.String,
    stream: Schema.String,
    events: Schema.Array(Schema.Unknown),
    /** If it came with ids of its own; with the same ids, it is the same append, begun once more. */
    eventIds: Schema.NullOr(Schema.Array(Schema.String)),
    atLeast: Schema.Int,
    atMost: Schema.NullOr(Schema.Int),
    since: Schema.NullOr(Schema.Struct({ version: Schema.Int, types: Schema.Array(Schema.String) }))
  },
  Acknowledged: {
    ...Instant,
    attempt: Schema.String,
    version: Schema.Int,
    position: Schema.Int,
    missed: Schema.Array(Schema.String),
    /** It was there already. */
    repeated: Schema.Boolean
  },
  Refused: { ...Instant, attempt: Schema.String, actual: Schema.Int, missed: Schema.Array(Schema.String) },
  /** The store was not available, and says that nothing was appended. */
  Unavailable: { ...Instant, attempt: Schema.String },
  /** The store was not available, and does not know. */
  Unknown: { ...Instant, attempt: Schema.String },
  /** What no crash excuses. */
  Failed: { ...Instant, attempt: Schema.String, why: Schema.String },
  Commanded: { ...Instant, ended: Schema.String },
  Saw: { position: Schema.Int, stream: Schema.String, version: Schema.Int, id: Schema.String }
})
export type Line = typeof Line.Type
export type Began = Extract<Line, { readonly _tag: "Began" }>

const Text = Schema.fromJsonString(Line)
const encode = Schema.encodeSync(Text)
const decode = Schema.decodeUnknownEffect(Text)

export const now = (): number => Number(process.hrtime.bigint())

export const streamOf = ({ stream }: Pick<RecordedEvent<Tagged>, "stream">): string => `${stream.category}/${stream.id}`

/** The condition that something was begun with. */
export const conditionWith = ({ atLeast, atMost, since }: Began): AppendCondition => ({
  atLeast,
  atMost: atMost ?? Infinity,
  since: since ?? undefined
})

/** Bounds and allow-list of a condition as JSON has them. */
export const conditionOf = ({ atLeast, atMost, since }: AppendCondition) => ({
  atLeast,
  atMost: Number.isFinite(atMost) ? atMost : null,
  since: since ?? null
})

/** Opens a journal; returns what adds a line to it. */
export const open = (file: string): (line: Line) => void => {
  const journal = Fs.openSync(file, "a")
  return (line) => void Fs.writeSync(journal, `${encode(line)}\n`)
}

/** Reads a journal whose writer has ended, maybe in the middle of a line. */
export const read = (file: string) =>
  Effect.suspend(() => {
    const lines = Fs.readFileSync(file, "utf8").split("\n")
    return Effect.forEach(lines.slice(0, -1), (line) => decode(line))
  })

/** What was begun under ids and never answered: each append once, as it was first begun. */
export const unanswered = (lines: ReadonlyArray<Line>): ReadonlyArray<Began & { readonly eventIds: Ids }> => {
  const answered = new Set(
    lines.flatMap((line) => line._tag === "Acknowledged" || line._tag === "Refused" ? line.attempt : [])
  )
  const open = new Map<string | undefined, Began & { readonly eventIds: Ids }>()
  const done = new Set<string | undefined>()
  for (const line of lines) {
    if (line._tag !== "Began" || line.eventIds === null) continue
    const { eventIds } = line
    const [key] = eventIds
    if (answered.has(line.attempt)) done.add(key)
    else if (!open.has(key)) open.set(key, { ...line, eventIds })
  }
  return [...open].flatMap(([key, line]) => done.has(key) ? [] : line)
}

type Ids = ReadonlyArray<string>
