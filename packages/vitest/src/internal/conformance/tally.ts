import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import { EventStore } from "refold/EventStore"
import type { SnapshotOptions } from "refold/Snapshots"

/**
 * Keeps every number, in order, so that an event that is missing, doubled or out of place shows. A command may add several
 * at once, as an event each. Every call makes one that shares nothing in the process with others.
 */
export const makeTally = (snapshots?: SnapshotOptions) => Aggregate.make("Tally", { ...tally, snapshots })

/** The parts of it, to change one. */
export const tally = {
  command: Schema.TaggedUnion({ Add: { numbers: Schema.Array(Schema.Int) }, Clear: {} }),
  event: Schema.TaggedUnion({ Added: { number: Schema.Int }, Cleared: {} }),
  state: Schema.Struct({ numbers: Schema.Array(Schema.Int), cleared: Schema.Int }),
  initial: { numbers: [], cleared: 0 },
  decide: (command: Command): ReadonlyArray<Event> =>
    command._tag === "Clear" ? [{ _tag: "Cleared" }] : command.numbers.map((number) => ({ _tag: "Added", number })),
  evolve: ({ cleared, numbers }: State, event: Event): State =>
    event._tag === "Cleared" ? { numbers: [], cleared: cleared + 1 } : { numbers: [...numbers, event.number], cleared },
  conflicts: { Added: "commutes", Cleared: { collides: ["Cleared"] } }
} as const

type Command = { readonly _tag: "Add"; readonly numbers: ReadonlyArray<number> } | { readonly _tag: "Clear" }
type Event = { readonly _tag: "Added"; readonly number: number } | { readonly _tag: "Cleared" }
interface State {
  readonly numbers: ReadonlyArray<number>
  readonly cleared: number
}

export const add = (...numbers: ReadonlyArray<number>) => ({ _tag: "Add" as const, numbers })
export const clear = { _tag: "Clear" as const }

/** From 1 on. */
export const count = (end: number): ReadonlyArray<number> => Array.from({ length: end }, (_, index) => index + 1)

/** What passes through a store, as seen by a process that has just been started: nothing is remembered of any stream. */
export interface Observation {
  /** How many events were read from streams. */
  events: number
  /** How often a stream was read. */
  reads: number
  /** Of how many of these reads a snapshot was asked for. */
  asked: number
  /** The versions at which states were saved. */
  readonly saved: Array<number>
}

/** Runs an effect on the store as a process that has just been started, and tells what it did there, also meanwhile. */
export const observed = Effect.fnUntraced(function*<A, E, R>(
  self: Effect.Effect<A, E, R> | ((soFar: Observation) => Effect.Effect<A, E, R>)
) {
  const store = yield* EventStore
  const observation: Observation = { events: 0, reads: 0, asked: 0, saved: [] }
  const result = yield* Effect.provideService(Effect.isEffect(self) ? self : self(observation), EventStore, {
    ...store,
    resume: (source, id, options) =>
      Effect.map(store.resume(source, id, options), ({ events, ...resumed }) => {
        observation.reads++
        if (options?.snapshot !== undefined) observation.asked++
        return {
          ...resumed,
          events: Stream.mapArray(events, (page) => {
            observation.events += page.length
            return page
          })
        }
      }),
    saveSnapshot: (source, id, snapshot) => {
      observation.saved.push(snapshot.version)
      return store.saveSnapshot(source, id, snapshot)
    }
  })
  return { ...observation, result }
})
