/**
 * The shapes which the events of a type had in earlier releases, and the steps from each to the next.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Schema from "effect/Schema"
import type { Variant } from "./Conflicts.ts"
import type { Tagged } from "./Decider.ts"

/**
 * What is in an event besides its `_tag`: fields, as in `Schema.TaggedUnion`, or a schema.
 *
 * @category models
 * @since 0.1.0
 */
export type Shape = { readonly [field: string]: Schema.Codec<unknown, unknown> } | Schema.Codec<unknown, unknown>

/**
 * A value of this shape.
 *
 * @category utility types
 * @since 0.1.0
 */
export type ValueOf<S extends Shape> = S extends Schema.Codec<infer A, unknown> ? A
  : S extends Schema.Struct.Fields ? Schema.Struct.Type<S>
  : never

/**
 * A shape that was stored once. `step` makes its value from one of the version before; the first version has none.
 *
 * @category models
 * @since 0.1.0
 */
export interface EarlierShape {
  readonly version: number
  readonly schema: Schema.Codec<unknown, unknown>
  readonly step: ((before: never) => unknown) | undefined
}

/**
 * A chain of shapes that comes to these fields.
 *
 * @category models
 * @since 0.1.0
 */
export interface Upcast<out Fields> {
  readonly shapes: NonEmptyReadonlyArray<EarlierShape>
  /** The version it comes to. */
  readonly version: number
  /** The step from the last of the shapes. */
  readonly toCurrent: (before: never) => Fields
}

/**
 * A chain of shapes that comes to the fields of another event type.
 *
 * @category models
 * @since 0.1.0
 */
export interface Replacement<out Tag extends string, out Fields> extends Upcast<Fields> {
  readonly tag: Tag
}

/**
 * A chain that waits for its next step. `Value` is that of its last shape, and `Version` the number of the next.
 *
 * @category models
 * @since 0.1.0
 */
export interface Chain<out Value, in out Version extends number> {
  /** The shape of the next version, and how it is made from the one before. */
  readonly to: <S extends Shape>(
    version: Version,
    shape: S,
    step: (before: Value) => NoInfer<ValueOf<S>>
  ) => Chain<ValueOf<S>, Next<Version>>

  /** The last step: to the event as it is now, which is stored under this version from now on. */
  readonly toCurrent: <const Fields>(version: Version, step: (before: Value) => Fields) => Upcast<Fields>

  /** The last step of an event that is stored no more: to another, as that is now. */
  readonly becomes: <const Tag extends string, const Fields>(
    tag: Tag,
    step: (before: Value) => Fields
  ) => Replacement<Tag, Fields>
}

/**
 * The next number.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Next<N extends number> = [...TupleOf<N>, unknown]["length"] & number

type TupleOf<N extends number, Tuple extends ReadonlyArray<unknown> = []> = Tuple["length"] extends N ? Tuple
  : TupleOf<N, [...Tuple, unknown]>

/**
 * What is in an event besides its `_tag`.
 *
 * @category utility types
 * @since 0.1.0
 */
export type FieldsOf<Event extends Tagged> = Omit<Event, "_tag">

/**
 * The chains of event types that are still there, by tag.
 *
 * @category models
 * @since 0.1.0
 */
export type Earlier<Event extends Tagged> = {
  readonly [Tag in Event["_tag"]]?: Upcast<FieldsOf<Variant<Event, Tag>>>
}

/**
 * The chains of event types that are gone, by the name under which they are stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface Retired<out Event extends Tagged> {
  readonly [type: string]: Event extends Tagged ? Replacement<Event["_tag"], FieldsOf<Event>> : never
}

/**
 * Begins with the shape of version 1.
 *
 * **When to use**
 *
 * When the shape of an event changes after events were stored. The old shape moves from the event's schema to here, and a
 * step says how the new one is made from it. Stored events stay as they are: the steps are taken whenever one is read.
 *
 * **Example**
 *
 * ```ts
 * Upcast
 *   .from(1, { amount: Schema.Finite })
 *   .to(2, { cents: Schema.Int }, ({ amount }) => ({ cents: Math.round(amount * 100) }))
 *   .toCurrent(3, ({ cents }) => ({ cents, currency: "EUR" }))
 * ```
 *
 * **Gotchas**
 *
 * Steps are pure, like `evolve`. What they make is checked against the next shape. A field that is not in that is dropped.
 *
 * @category constructors
 * @since 0.1.0
 */
export const from = <S extends Shape>(version: 1, shape: S): Chain<ValueOf<S>, 2> =>
  chain([{ version, schema: schemaOf(shape), step: undefined }])

const chain = <Value, Version extends number>(
  shapes: NonEmptyReadonlyArray<EarlierShape>
): Chain<Value, Version> => ({
  to: (version, shape, step) => chain([...shapes, { version, schema: schemaOf(shape), step }]),
  toCurrent: (version, step) => ({ shapes, version, toCurrent: step }),
  becomes: (tag, step) => ({ shapes, version: shapes.length + 1, toCurrent: step, tag })
})

const schemaOf = (shape: Shape): Schema.Codec<unknown, unknown> => isSchema(shape) ? shape : Schema.Struct(shape)

const isSchema = (shape: Shape): shape is Schema.Codec<unknown, unknown> => Schema.isSchema(shape)
