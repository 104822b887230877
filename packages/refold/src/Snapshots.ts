/**
 * States that are saved now and then, so that a long stream need not be folded from its first event.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { maxDataBytes, type StoredShape } from "./EventCodec.ts"
import * as Fingerprint from "./internal/fingerprint.ts"

/**
 * When to save the state of an aggregate, and which saved states to trust.
 *
 * @category models
 * @since 0.1.0
 */
export interface SnapshotOptions {
  /** A command that carries its stream across a multiple of this many events saves the state; 100 is a good start. */
  readonly every: number
  /**
   * Raise it when `evolve` comes to another state from the same events, or when the state means something else: what was
   * saved before is then ignored. A change of the state's schema or of `initial` is noticed without it.
   */
  readonly version: number
}

/**
 * The snapshots of one aggregate: when they are due, whose they are, and how they are written and read.
 *
 * @category models
 * @since 0.1.0
 */
export interface Snapshots<in out State> {
  readonly every: number
  /** What a saved state depends on besides the events; states saved under another one are never read. */
  readonly fingerprint: string
  /** To JSON text; fails with what is wrong with the state. */
  readonly encode: (state: State) => Result.Result<string, string>
  /** From parsed JSON; fails with what cannot be read. */
  readonly decode: (json: unknown) => Result.Result<State, string>
}

/**
 * Derives how states are saved from their schema.
 *
 * **Details**
 *
 * The fingerprint depends on the types of the state and of its JSON form, on the initial state, on the version, and on
 * the earlier shapes of the events, if there are any. It does not depend on the order of keys, on annotations, or on the
 * process.
 *
 * **Gotchas**
 *
 * Code is not looked into: raise the version when a transformation or a filter in the schema changes, or a step from an
 * earlier shape of an event. Throws if the state
 * has no JSON form, or if the options are not whole numbers greater than 0.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <State>(
  category: string,
  { initial, options: { every, version }, shapes = [], state }: {
    readonly state: Schema.Codec<State, unknown>
    readonly initial: State
    readonly options: SnapshotOptions
    /** The forms in which its events are stored. */
    readonly shapes?: ReadonlyArray<StoredShape> | undefined
  }
): Snapshots<State> => {
  for (const [name, value] of Object.entries({ every, version })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`${category}: \`snapshots.${name}\` must be a whole number, 1 or more, not ${value}`)
    }
  }
  const json = Schema.toCodecJson(state)
  const encodeJson = Schema.encodeUnknownResult(json)
  const decodeJson = Schema.decodeUnknownResult(json)
  const first = Result.mapError(encodeJson(initial), (error) => error.message)
  const problem = Fingerprint.problem(state) ?? (Result.isFailure(first) ? first.failure : undefined)
  if (problem !== undefined) throw new Error(`The state of ${category} cannot be kept as a snapshot: ${problem}`)
  return {
    every,
    fingerprint: Fingerprint.make(state, [Result.getOrThrow(first), version, ...earlierShapes(shapes)]),
    encode: (state) =>
      Result.flatMap(Result.mapError(encodeJson(state), (error) => error.message), (encoded) => {
        const text = JSON.stringify(encoded)
        const bytes = text.length * 3 > maxDataBytes ? new TextEncoder().encode(text).length : 0
        return bytes > maxDataBytes
          ? Result.fail(`it is ${bytes} bytes long; at most ${maxDataBytes} are allowed`)
          : Result.succeed(text)
      }),
    decode: (value) => Result.mapError(decodeJson(value), (error) => error.message)
  }
}

/** What is read as another event than it was written as. */
const earlierShapes = (shapes: ReadonlyArray<StoredShape>): ReadonlyArray<unknown> =>
  shapes
    .filter(({ isCurrent }) => !isCurrent)
    .map(({ schema, schemaVersion, tag, type }) =>
      JSON.stringify([type, schemaVersion, tag, Fingerprint.make(schema, [])])
    )
    .toSorted()
