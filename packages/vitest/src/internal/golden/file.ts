import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** An event as it was stored. `readAs` is how it is read if that is not as it stands: as another type, or another shape. */
export interface Example {
  readonly data: Schema.Json
  readonly readAs?: Schema.Json
}

/** By stored type and schema version. */
export type Recorded = ReadonlyMap<string, ReadonlyMap<number, ReadonlyArray<Example>>>

const File = Schema.Record(
  Schema.String,
  Schema.Record(
    Schema.String,
    Schema.Array(Schema.Struct({ data: Schema.Json, readAs: Schema.optionalKey(Schema.Json) }))
  )
)
const decode = Schema.decodeUnknownResult(Schema.fromJsonString(File))

/** Fails with what is wrong with the text. */
export const parse = (text: string): Result.Result<Recorded, string> =>
  Result.mapBoth(decode(text), {
    onFailure: ({ message }) => message,
    onSuccess: (file) =>
      new Map(
        Object.entries(file).map(([type, versions]) => [
          type,
          new Map(Object.entries(versions).map(([version, examples]) => [Number(version), examples]))
        ])
      )
  })

/** The same events always come to the same text. */
export const format = (recorded: Recorded): string => {
  const types = [...recorded].toSorted(([a], [b]) => a < b ? -1 : 1)
  const file = Object.fromEntries(types.map(([type, versions]) => {
    const sorted = [...versions].toSorted(([a], [b]) => a - b)
    return [type, Object.fromEntries(sorted.map(([version, examples]) => [version, examples.map(sortKeys)]))]
  }))
  return `${JSON.stringify(file, undefined, 2)}\n`
}

const sortKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1)
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}

/** The text of a value on one line, whatever the order of its keys. */
export const inline = (value: unknown): string => JSON.stringify(sortKeys(value))
