import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as EventCodec from "../../EventCodec.ts"
import type { EventSource } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import * as StreamId from "../../StreamId.ts"
import type { Rule, Values } from "../../Unique.ts"

/*
 * Every unique value has a stream, in which is written who got it and who gave it back. The holder is changed together
 * with the instance, so the two always agree.
 */

const schema = Schema.TaggedUnion({
  Claimed: { value: Schema.String, holder: Schema.String },
  Released: { value: Schema.String, holder: Schema.String }
})
type Event = typeof schema.Type

const codec = EventCodec.make(schema)

const categoryOf = (category: string, rule: string) => `${category}.${rule}`

/** The streams of one rule. */
export const sourceOf = (category: string, rule: string): EventSource<Event> => ({
  category: categoryOf(category, rule),
  codec
})

/** The rules of an aggregate, if their streams can be named. */
export const rulesOf = <State>(
  category: string,
  unique: { readonly [name: string]: (state: State) => Values }
): ReadonlyArray<Rule<State>> =>
  Object.entries(unique).map(([name, valuesOf]) => {
    const problem = StreamId.problem({ tenant: "any", category: categoryOf(category, name), id: "any" })
    if (problem !== undefined) throw new Error(`${category} cannot have a unique ${name}: ${problem}`)
    return { name, valuesOf }
  })

/** Who has a value, at a version of its stream. */
export interface Reservation {
  readonly version: number
  readonly holder: string | undefined
}

export const free: Reservation = { version: 0, holder: undefined }

/** A release by somebody who did not have it says nothing. */
export const advance = (self: Reservation, events: ReadonlyArray<RecordedEvent<Event>>): Reservation => {
  let { holder, version } = self
  for (const recorded of events) {
    const { event } = recorded
    if (event._tag === "Claimed") holder = event.holder
    else if (event.holder === holder) holder = undefined
    version = recorded.version
  }
  return { version, holder }
}

/** What a command does to a value. */
export interface Change {
  readonly rule: string
  readonly value: string
  readonly kind: "Claimed" | "Released"
}

const none: ReadonlyArray<never> = []

const setOf = (values: Values): ReadonlySet<string> => {
  const all = values === undefined ? none : typeof values === "string" ? [values] : values
  return new Set(all.filter((value) => value !== ""))
}

/** What changes hands between two states. */
export const changes = <State>(rules: ReadonlyArray<Rule<State>>, before: State, after: State): ReadonlyArray<Change> =>
  rules.length === 0 || before === after ? none : rules.flatMap(({ name, valuesOf }) => {
    const [had, has] = [valuesOf(before), valuesOf(after)]
    if (had === has) return []
    const [old, current] = [setOf(had), setOf(has)]
    return [...without(name, "Claimed", current, old), ...without(name, "Released", old, current)]
  })

const without = (
  rule: string,
  kind: Change["kind"],
  values: ReadonlySet<string>,
  others: ReadonlySet<string>
): ReadonlyArray<Change> =>
  Array.from(values).filter((value) => !others.has(value)).map((value) => ({ rule, value, kind }))

/** All that a state has. */
export const held = <State>(rules: ReadonlyArray<Rule<State>>, state: State): ReadonlyArray<Change> =>
  rules.flatMap(({ name, valuesOf }) => without(name, "Claimed", setOf(valuesOf(state)), new Set()))

const prefix = "sha256:"

/** The id of a value's stream: the value itself, unless no engine could keep that. */
export const idOf = (value: string): Effect.Effect<string> =>
  value.length <= StreamId.maxLength.id && !value.includes("\0") && value.isWellFormed() && !value.startsWith(prefix)
    ? Effect.succeed(value)
    : Effect.map(
      // as JSON, in which halves of surrogate pairs differ
      Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(value)))),
      (digest) => prefix + Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
    )

/** Who has a value now. */
export const read = (
  store: EventStore["Service"],
  category: string,
  rule: string,
  value: string
): Effect.Effect<Reservation, EventStoreError> =>
  Effect.flatMap(
    idOf(value),
    (id) =>
      Stream.runFold(store.read(sourceOf(category, rule), id), () => free, (known, event) => advance(known, [event]))
  )
