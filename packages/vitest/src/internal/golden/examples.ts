import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { StoredShape } from "refold/EventCodec"

/** Small enough to be read by whoever reviews them. */
const size = 4

/** How many are tried for each one that is wanted. */
const tries = 20

/**
 * Makes up what events of this shape may hold, as JSON without the `_tag`: the same each time. Fails with why it cannot.
 */
export const generate = (
  { schema, schemaVersion, type }: StoredShape,
  count: number
): Effect.Effect<ReadonlyArray<Schema.Json>, string> =>
  Effect.gen(function*() {
    const arbitrary = yield* Effect.try({
      try: () => Arbitrary.schema(schema),
      catch: (error) => error instanceof Error ? error.message : String(error)
    })
    const options = { count: count * tries, size, seed: `${type} ${schemaVersion}` }
    const values = yield* Effect.mapError(
      Arbitrary.sampleEffect(arbitrary, options),
      ({ discards }) => `${discards} values that were tried do not fit the schema`
    )
    const encode = Schema.encodeUnknownEffect(Schema.toCodecJson(schema))
    const encoded = yield* Effect.mapError(Effect.forEach(values, (value) => encode(value)), ({ message }) => message)
    const texts = [...new Set(encoded.map((json) => JSON.stringify(withoutTag(json))))]
    return choose(texts, count).map((text): Schema.Json => JSON.parse(text))
  })

/** Those that are easy to read, if there are any, and one with whatever is optional. */
const choose = (texts: ReadonlyArray<string>, count: number): ReadonlyArray<string> => {
  const plain = texts.filter((text) => /^[ -~]*$/.test(text) && !text.includes("\\"))
  const storable = texts.filter((text) => !/\\u(0000|d)/.test(text))
  const candidates = plain.length >= count ? plain : storable.length > 0 ? storable : texts
  const [fullest] = candidates.toSorted((a, b) => fields(b) - fields(a))
  return fullest === undefined ? [] : [fullest, ...candidates.filter((text) => text !== fullest)].slice(0, count)
}

const fields = (text: string): number => text.split(`":`).length

const withoutTag = (json: Schema.Json): unknown => {
  const { _tag, ...data } = json as Schema.JsonObject
  return data
}
