import * as Result from "effect/Result"
import type { Tagged } from "../../Decider.ts"
import type { EventCodec } from "../../EventCodec.ts"

/** Writes and reads every event as the part does whose event it is. */
export const make = (
  codecs: ReadonlyMap<string, EventCodec<Tagged>>,
  codecOf: (tag: string) => EventCodec<Tagged> | undefined
): EventCodec<Tagged> => {
  const tags = [...codecs.values()].flatMap(({ tags }) => tags)
  const storedType = (tag: string) => codecOf(tag)?.storedType(tag) ?? tag
  const byType = new Map<string, { readonly part: string; readonly codec: EventCodec<Tagged> }>()
  for (const [part, codec] of codecs) {
    for (const type of new Set(codec.shapes.map(({ type }) => type))) {
      const other = byType.get(type)
      if (other !== undefined) {
        throw new Error(`Events of ${other.part} and of ${part} are both stored as "${type}"; rename one of them`)
      }
      byType.set(type, { part, codec })
    }
  }
  const unknownEvent = (type: string) =>
    Result.fail(`"${type}" is not an event of this aggregate; was it written by a newer release?`)
  return {
    tags,
    storedType,
    storedTypes: (tag) => codecOf(tag)?.storedTypes(tag) ?? [],
    shapes: [...codecs.values()].flatMap(({ shapes }) => shapes),
    encode: (event) =>
      codecOf(event._tag)?.encode(event) ?? Result.fail(`${event._tag} is not one of ${tags.join(", ")}`),
    decode: (type, schemaVersion, data) =>
      byType.get(type)?.codec.decode(type, schemaVersion, data) ?? unknownEvent(type)
  }
}
