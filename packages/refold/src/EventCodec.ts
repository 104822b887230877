/**
 * Between an event as the domain knows it and the form in which it is stored for ever: a type, a schema version, and JSON.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { Tagged } from "./Decider.ts"
import * as CurrentShape from "./internal/codec/currentShape.ts"
import * as EarlierShapes from "./internal/codec/earlierShapes.ts"
import type * as Upcast from "./Upcast.ts"

/**
 * A schema of a tagged union, as made by `Schema.TaggedUnion` or `Schema.toTaggedUnion("_tag")`.
 *
 * @category models
 * @since 0.1.0
 */
export interface TaggedUnionSchema<out Event extends Tagged = Tagged> extends Schema.Codec<Event, unknown> {
  readonly cases: { readonly [tag: string]: Schema.Codec<Event, unknown> }
}

/**
 * An event ready to be stored. `data` is JSON text without the `_tag`, which is kept as `type`.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncodedEvent {
  readonly type: string
  readonly schemaVersion: number
  readonly data: string
}

/**
 * A form in which events are stored, or were once.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredShape<out Tag extends string = string> {
  readonly type: string
  readonly schemaVersion: number
  /** What such events are read as. */
  readonly tag: Tag
  /** Whether such events are still written. */
  readonly isCurrent: boolean
  /** What is in them, with or without the `_tag`. */
  readonly schema: Schema.Codec<unknown, unknown>
}

/**
 * Writes and reads the events of one aggregate. Failures say in words what is wrong.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventCodec<out Event extends Tagged> {
  readonly tags: ReadonlyArray<Event["_tag"]>
  /** The name under which events with this tag are stored. */
  readonly storedType: (tag: string) => string
  /** The names under which events that are read with this tag may be in the store: that one, and those that became it. */
  readonly storedTypes: (tag: string) => ReadonlyArray<string>
  /** Every form that can be read, by type and version. */
  readonly shapes: ReadonlyArray<StoredShape<Event["_tag"]>>
  /** Fails with what is wrong with the event. */
  readonly encode: (event: Tagged) => Result.Result<EncodedEvent, string>
  /** `data` is parsed JSON; fails with what cannot be read. */
  readonly decode: (type: string, schemaVersion: number, data: unknown) => Result.Result<Event, string>
}

/**
 * What the store may hold besides the events as they are now.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredOptions<Event extends Tagged> {
  /** The names under which events that were renamed in code are stored. */
  readonly storedAs?: { readonly [Tag in Event["_tag"]]?: string } | undefined
  /** The shapes that events had before. */
  readonly earlier?: Upcast.Earlier<Event> | undefined
  /** The events that are no longer there, by the name under which they are stored, and what becomes of them. */
  readonly retired?: Upcast.Retired<Event> | undefined
}

/**
 * The largest JSON text of one event, in bytes of UTF-8: with room to spare below what a PostgreSQL client takes in one
 * message.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxDataBytes = 15_000_000

/**
 * Derives a codec from a schema, and from what was stored by earlier releases.
 *
 * **Gotchas**
 *
 * Throws if two events share a stored name, or if the versions of an event have a gap: the program is wrong before it has
 * run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Event extends Tagged>(
  schema: TaggedUnionSchema<Event>,
  options: NoInfer<StoredOptions<Event>> = {}
): EventCodec<Event> => {
  const tags: ReadonlyArray<Event["_tag"]> = Object.keys(schema.cases)
  const renamed = new Map<string, string | undefined>(Object.entries(options.storedAs ?? {}))
  const storedType = (tag: string): string => renamed.get(tag) ?? tag
  const chains = new Map<string, Upcast.Upcast<unknown> | undefined>(Object.entries(options.earlier ?? {}))
  const unknown = [...renamed.keys(), ...chains.keys()].find((tag) => !Object.hasOwn(schema.cases, tag))
  if (unknown !== undefined) throw new Error(`${unknown} is not one of the events ${tags.join(", ")}`)

  const writers = new Map<string, Writer>()
  const readers = new Map<string, StoredReader<Event>>()
  const shapes: Array<StoredShape<Event["_tag"]>> = []
  const types = new Map<string, Array<string>>()
  const addEarlier = (type: string, tag: Event["_tag"], chain: Upcast.Upcast<unknown>) => {
    for (const { schema, version } of chain.shapes) {
      shapes.push({ type, schemaVersion: version, tag, isCurrent: false, schema })
    }
    return EarlierShapes.readers(type, chain, { tag, schema: schema.cases[tag]! })
  }

  for (const tag of tags) {
    const type = storedType(tag)
    const other = readers.get(type)?.tag
    if (other !== undefined) throw new Error(`Events ${other} and ${tag} are both stored as "${type}"; rename one`)
    const chain = chains.get(tag)
    const earlier = chain === undefined ? [] : addEarlier(type, tag, chain)
    const version = earlier.length + 1
    const current = CurrentShape.make(schema.cases[tag]!, tag)
    writers.set(tag, { type, version, encode: current.encode })
    readers.set(type, { tag, earlier, version, decode: current.decode })
    shapes.push({ type, schemaVersion: version, tag, isCurrent: true, schema: schema.cases[tag]! })
    types.set(tag, [type])
  }
  for (const [type, chain] of Object.entries<Upcast.Replacement<Event["_tag"], unknown>>(options.retired ?? {})) {
    const { tag } = chain
    const other = readers.get(type)?.tag
    if (other !== undefined) throw new Error(`"${type}" cannot be retired: ${other} is stored under that name`)
    const names = types.get(tag)
    if (names === undefined) throw new Error(`"${type}" cannot become ${tag}, which is not one of ${tags.join(", ")}`)
    readers.set(type, { tag, earlier: addEarlier(type, tag, chain), version: undefined, decode: undefined })
    names.push(type)
  }

  return {
    tags,
    storedType,
    storedTypes: (tag) => types.get(tag) ?? [],
    shapes,
    encode: (event) => {
      const writer = writers.get(event._tag)
      if (writer === undefined) return Result.fail(`${event._tag} is not one of ${tags.join(", ")}`)
      return Result.flatMap(writer.encode(event), (data) => {
        const bytes = data.length * 3 > maxDataBytes ? new TextEncoder().encode(data).length : 0
        return bytes > maxDataBytes
          ? Result.fail(
            `its data is ${bytes} bytes long; at most ${maxDataBytes} are allowed. ` +
              `Keep the document elsewhere and record a reference to it`
          )
          : Result.succeed({ type: writer.type, schemaVersion: writer.version, data })
      })
    },
    decode: (type, schemaVersion, data) => {
      const reader = readers.get(type)
      if (reader === undefined) return Result.fail(unknownType(type))
      if (schemaVersion === reader.version) return reader.decode(data)
      const read = reader.earlier[schemaVersion - 1]
      return read === undefined ? Result.fail(unknownVersion(type, schemaVersion, reader)) : read(data)
    }
  }
}

/** How events with a tag are written. */
interface Writer {
  readonly type: string
  readonly version: number
  readonly encode: (event: Tagged) => Result.Result<string, string>
}

/** How events of a stored type are read: those of the version that is written, if it still is, and those of earlier ones. */
type StoredReader<Event extends Tagged> =
  & { readonly tag: string; readonly earlier: ReadonlyArray<EarlierShapes.Reader<Event>> }
  & (
    | { readonly version: number; readonly decode: EarlierShapes.Reader<Event> }
    | { readonly version: undefined; readonly decode: undefined }
  )

const unknownType = (type: string) =>
  `"${type}" is not an event of this aggregate; was it written by a newer release? Deploy that here, too, ` +
  "or name it under `retired`, if there once was such an event"

const unknownVersion = (type: string, version: number, { earlier, version: current }: StoredReader<Tagged>) => {
  const latest = current ?? earlier.length
  const known = latest === 1 ? "version 1 only" : `versions 1 to ${latest}`
  return `schema version ${version} of "${type}" is unknown; was it written by a newer release? ` +
    `This one knows ${known}. Deploy the one that wrote it here, too`
}
