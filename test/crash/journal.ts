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
    atLeast: Schema.Int,
    atMost: Schema.NullOr(Schema.Int),
    since: Schema.NullOr(Schema.Struct({ version: Schema.Int, types: Schema.Array(Schema.String) }))
  },
  Acknowledged: {
    ...Instant,
    attempt: Schema.String,
    version: Schema.Int,
    position: Schema.Int,
    missed: Schema.Array(Schema.String)
  },
  Refused: { ...Instant, attempt: Schema.String, actual: Schema.Int, missed: Schema.Array(Schema.String) },
  /** The store was not available. */
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
