/**
 * Whether what was stored once can still be read, and is read as it was: a file in your repository holds examples of every
 * version of every event.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { Tagged } from "refold/Decider"
import type { EventSource } from "refold/EventSource"
import * as Examples from "./internal/golden/examples.ts"
import * as File from "./internal/golden/file.ts"
import * as Reading from "./internal/golden/reading.ts"

/**
 * What to record.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** How many examples to make up for a version of which none are given or recorded; 3 by default. */
  readonly count?: number | undefined
  /**
   * Examples of your own, by stored type and schema version: the JSON that is stored, say `select data from
   * refold.events`.
   */
  readonly examples?: {
    readonly [type: string]: { readonly [schemaVersion: number]: ReadonlyArray<Schema.Json> }
  } | undefined
}

/**
 * What came of a check. If `text` is what was recorded, nothing has changed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Checked {
  /** What to record from now on. All that was recorded as stored is in it. */
  readonly text: string
  /** In words, what is not recorded yet, and what is read differently than before. */
  readonly changes: ReadonlyArray<string>
}

/**
 * Stored events that are lost to this code, or that it would write differently under the same version. It cannot be
 * recorded away: mend the code, or, if such an event was never stored, delete it from the file.
 *
 * @category errors
 * @since 0.1.0
 */
export class GoldenEventsBroken extends Data.TaggedError("GoldenEventsBroken")<{
  readonly category: string
  /** In words, each with the type and the version. */
  readonly problems: ReadonlyArray<string>
}> {
  override get message(): string {
    return `The stored events of ${this.category}:\n\n${this.problems.map((problem) => `- ${problem}`).join("\n")}`
  }
}

/**
 * Checks the code against the text that an earlier check has returned, or begins a new one.
 *
 * **Details**
 *
 * Of every version there are a few examples. Each must be read; those of a version that is written now must be written
 * as they stand. How the others are read may be changed on purpose: that is a change to be recorded, and to be reviewed.
 *
 * What is recorded as stored is never changed: the text only grows. Examples are made up from the schemas, the same each
 * time. They are made up for versions that were not recorded only.
 *
 * @category checking
 * @since 0.1.0
 */
export const check = Effect.fnUntraced(function*<Event extends Tagged>(
  { category, codec }: EventSource<Event>,
  recorded: string | undefined,
  { count = 3, examples = {} }: Options = {}
): Effect.fn.Return<Checked, GoldenEventsBroken> {
  const problems: Array<string> = []
  const changes: Array<string> = []
  const now = new Map<string, Map<number, Array<File.Example>>>()
  const add = (type: string, schemaVersion: number, example: File.Example) => {
    const versions = now.get(type) ?? new Map<number, Array<File.Example>>()
    now.set(type, versions.set(schemaVersion, [...versions.get(schemaVersion) ?? [], example]))
  }

  const parsed = recorded === undefined ? Result.succeed<File.Recorded>(new Map()) : File.parse(recorded)
  const before = yield* Effect.mapError(
    Effect.fromResult(parsed),
    (problem) => new GoldenEventsBroken({ category, problems: [`what was recorded is spoilt: ${problem}`] })
  )
  for (const [type, versions] of before) {
    for (const [schemaVersion, known] of versions) {
      const lost = Reading.lost(codec, type, schemaVersion)
      if (lost !== undefined) problems.push(lost)
      for (const example of lost === undefined ? known : []) {
        const read = Reading.read(codec, type, schemaVersion, example.data)
        if (Result.isFailure(read)) {
          problems.push(read.failure)
          continue
        }
        add(type, schemaVersion, read.success)
        const change = Reading.change(type, schemaVersion, example, read.success)
        if (change !== undefined) changes.push(change)
      }
    }
  }

  for (const shape of codec.shapes) {
    const { schemaVersion, type } = shape
    const known = before.get(type)?.get(schemaVersion) ?? []
    const given = (examples[type]?.[schemaVersion] ?? [])
      .filter((data) => known.every((example) => File.inline(example.data) !== File.inline(data)))
    const made = known.length + given.length > 0
      ? Result.succeed([])
      : yield* Effect.result(Examples.generate(shape, count))
    if (Result.isFailure(made)) {
      problems.push(`no examples of version ${schemaVersion} of "${type}" can be made up; give some: ${made.failure}`)
      continue
    }
    const fresh = [...given, ...made.success]
    if (fresh.length > 0) changes.push(`version ${schemaVersion} of "${type}" is not recorded yet`)
    for (const data of fresh) {
      const read = Reading.read(codec, type, schemaVersion, data)
      if (Result.isFailure(read)) problems.push(read.failure)
      else add(type, schemaVersion, read.success)
    }
  }
  if (problems.length > 0) return yield* new GoldenEventsBroken({ category, problems })
  // whoever has formatted it otherwise may do so
  return { text: recorded !== undefined && changes.length === 0 ? recorded : File.format(now), changes }
})
