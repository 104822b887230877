/**
 * Process managers: events in; commands, effects and timers out.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type { Aggregate, Target } from "./Aggregate.ts"
import type { RetriesExhausted } from "./Conflict.ts"
import type { Types } from "./Decider.ts"
import type { EventOf, EventSources } from "./EventSource.ts"
import type { EventStore } from "./EventStore.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as CatchingUp from "./internal/reactors/catchingUp.ts"
import { unheard } from "./internal/reactors/journal.ts"
import * as Running from "./internal/reactors/running.ts"
import type * as Projection from "./Projection.ts"
import type { PartitionsDiffer, ProjectionHalted, ProjectionStore } from "./ProjectionStore.ts"
import type { Due, Effects, Out, Reaction, Refused } from "./Reaction.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"

/**
 * A reactor: a process for each key, with a state of its own. Pure, like `decide`: what it answers is written down before
 * any of it is done.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reactor<out Sources extends EventSources, in out State, in out Kinds extends Effects> {
  readonly name: string
  readonly from: Sources
  readonly commands: ReadonlyArray<Target>
  readonly effects: Kinds
  readonly state: Schema.Codec<State, unknown>
  readonly initial: State
  key(recorded: RecordedEvent<EventOf<Sources>>): string | undefined
  react(state: State, recorded: RecordedEvent<EventOf<Sources>>): Reaction<State, Kinds>
  refused(state: State, refused: Refused): Reaction<State, Kinds>
  due(state: State, timer: string, about: Due): Reaction<State, Kinds>
}

/**
 * Defines a reactor.
 *
 * **Details**
 *
 * `key` says which process an event belongs to; none if it is `undefined`. `react` is given the events of a process in the
 * order of the log. `refused` hears of commands that were not done, and `due` of timers and of the instant they were
 * set for; what they are told has been written down like any other event. `commands` names every aggregate the reactor
 * sends commands to. The name is that of a category of streams, so it must not be an aggregate's.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Sources extends EventSources, State, const Kinds extends Effects = {}>(
  name: string,
  options: {
    readonly from: Sources
    readonly commands?: ReadonlyArray<Target> | undefined
    readonly effects?: Kinds | undefined
    readonly state: Schema.Codec<State, unknown>
    readonly initial: NoInfer<State>
    readonly key: (recorded: RecordedEvent<EventOf<Sources>>) => string | undefined
    readonly react: (state: State, recorded: RecordedEvent<EventOf<Sources>>) => Reaction<State, NoInfer<Kinds>>
    readonly refused?: ((state: State, refused: Refused) => Reaction<State, NoInfer<Kinds>>) | undefined
    readonly due?: ((state: State, timer: string, about: Due) => Reaction<State, NoInfer<Kinds>>) | undefined
  }
): Reactor<Sources, State, Kinds> => ({
  name,
  from: options.from,
  commands: options.commands ?? [],
  effects: options.effects ?? {} as Kinds,
  state: options.state,
  initial: options.initial,
  key: options.key,
  react: options.react,
  refused: options.refused ?? unheard,
  due: options.due ?? unheard
})

/**
 * A command to an instance of an aggregate. It is executed under an id that follows from what caused it: once.
 *
 * @category outputs
 * @since 0.1.0
 */
export const command = <T extends Types>(
  aggregate: Aggregate<T>,
  id: string,
  command: T["Command"]
): Extract<Out<{}>, { readonly _tag: "Command" }> => ({
  _tag: "Command",
  category: aggregate.category,
  id,
  command
})

/**
 * Something outside, such as a mail. It is done at least once, with a key by which whoever does it can tell that it comes
 * again.
 *
 * @category outputs
 * @since 0.1.0
 */
export const effect = <const Name extends string, Payload>(name: Name, payload: Payload): {
  readonly _tag: "Effect"
  readonly name: Name
  readonly payload: Payload
} => ({ _tag: "Effect", name, payload })

/**
 * Has `due` called at an instant, or soon after if nobody runs the reactor then. A timer of the same name that is already
 * set is moved.
 *
 * @category outputs
 * @since 0.1.0
 */
export const timer = (timer: string, at: DateTime.Utc): Extract<Out<{}>, { readonly _tag: "Timer" }> => ({
  _tag: "Timer",
  timer,
  at
})

/**
 * Takes a timer back that is not due yet.
 *
 * @category outputs
 * @since 0.1.0
 */
export const cancelTimer = (timer: string): Extract<Out<{}>, { readonly _tag: "CancelTimer" }> => ({
  _tag: "CancelTimer",
  timer
})

/**
 * How to do the effects of a reactor. `idempotencyKey` is the same whenever the same effect is done again.
 *
 * @category running
 * @since 0.1.0
 */
export type Handlers<Kinds extends Effects> = {
  readonly [Name in keyof Kinds]: (
    payload: Kinds[Name]["Type"],
    about: { readonly key: string; readonly idempotencyKey: string }
  ) => Effect.Effect<void, unknown, unknown>
}

/**
 * The handlers of a reactor without effects: none.
 *
 * @category running
 * @since 0.1.0
 */
export type NoHandlers = { readonly [name: string]: never }

/**
 * The services that handlers need.
 *
 * @category utility types
 * @since 0.1.0
 */
export type ServicesOf<Own> = ServicesOfOne<Own[keyof Own]>

type ServicesOfOne<One> = One extends (...args: never) => Effect.Effect<void, unknown, infer R> ? R : never

/**
 * How to run a reactor: as a projection, for what comes in and for what goes out. `retry` is how an effect that fails is
 * tried again.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunOptions<out Own> extends Omit<Projection.RunOptions, "onFailure"> {
  /** How to do its effects; to be left out only by a reactor that has none. */
  readonly effects?: Own | undefined
  /**
   * What becomes of an output that cannot be done: it is parked, which is the default, and the later outputs of its process
   * wait behind it; it is skipped; or its partition stops there. An event that cannot be reacted to always stops its
   * partition: what comes after it would be told to a process that does not know of it.
   */
  readonly onFailure?: Projection.RunOptions["onFailure"]
}

/**
 * Runs a reactor for ever, together with whoever else runs it.
 *
 * **Details**
 *
 * What an event leads to is appended to a stream of the reactor's own, one for each process, and only then done, by a
 * second projection (`<name> outbox`) that may be paused and resumed on its own; what it has parked is there to be tried
 * again. A command is executed under an id that follows from what caused it, so that it is done once however often it is
 * tried; an effect may be done again after a crash. Events carry the correlation of what caused them.
 *
 * @category running
 * @since 0.1.0
 */
export function run<Sources extends EventSources, State>(
  self: Reactor<Sources, State, {}>,
  options?: RunOptions<NoHandlers>
): Effect.Effect<never, PartitionsDiffer | EventStoreError, EventStore | ProjectionStore>
export function run<Sources extends EventSources, State, Kinds extends Effects, const Own extends Handlers<Kinds>>(
  self: Reactor<Sources, State, Kinds>,
  options: RunOptions<Own> & { readonly effects: Own }
): Effect.Effect<never, PartitionsDiffer | EventStoreError, ServicesOf<Own> | EventStore | ProjectionStore>
export function run<Sources extends EventSources, State, Kinds extends Effects, Own extends Handlers<Kinds>>(
  self: Reactor<Sources, State, Kinds>,
  options?: RunOptions<Own>
) {
  return Effect.flatten(Running.start(self, options))
}

/**
 * {@link run} for as long as the layer lives.
 *
 * @category running
 * @since 0.1.0
 */
export function layer<Sources extends EventSources, State>(
  self: Reactor<Sources, State, {}>,
  options?: RunOptions<NoHandlers>
): Layer.Layer<never, PartitionsDiffer | EventStoreError, EventStore | ProjectionStore>
export function layer<Sources extends EventSources, State, Kinds extends Effects, const Own extends Handlers<Kinds>>(
  self: Reactor<Sources, State, Kinds>,
  options: RunOptions<Own> & { readonly effects: Own }
): Layer.Layer<never, PartitionsDiffer | EventStoreError, ServicesOf<Own> | EventStore | ProjectionStore>
export function layer<Sources extends EventSources, State, Kinds extends Effects, Own extends Handlers<Kinds>>(
  self: Reactor<Sources, State, Kinds>,
  options?: RunOptions<Own>
) {
  return Layer.effectDiscard(
    Effect.flatMap(
      Running.start(self, options),
      (run) =>
        Effect.forkScoped(Effect.tapCause(run, (cause) => Effect.logError(`${self.name} does not run any more`, cause)))
    )
  )
}

/**
 * How to catch up.
 *
 * @category models
 * @since 0.1.0
 */
export interface CatchUpOptions<out Own> extends Omit<Projection.RunOptions, "onFailure" | "retry"> {
  /** How to do its effects; to be left out only by a reactor that has none. */
  readonly effects?: Own | undefined
  /** Timers that are due by this instant go off; now, unless it is given. */
  readonly until?: DateTime.Utc | undefined
}

/**
 * What handlers may fail with.
 *
 * @category utility types
 * @since 0.1.0
 */
export type ErrorOf<Own> = ErrorOfOne<Own[keyof Own]>

type ErrorOfOne<One> = One extends (...args: never) => Effect.Effect<void, infer E, infer _R> ? E : never

/**
 * Does what is to be done now, in this process, and returns when nothing is left: for scripts, and for tests that do not
 * want to wait. Fails where an effect does; waits for what others are working on.
 *
 * **Details**
 *
 * Timers go off one instant after another; what one leads to is done before the next.
 *
 * @category running
 * @since 0.1.0
 */
export function catchUp<Sources extends EventSources, State>(
  self: Reactor<Sources, State, {}>,
  options?: CatchUpOptions<NoHandlers>
): Effect.Effect<
  void,
  RetriesExhausted | PartitionsDiffer | ProjectionHalted | EventStoreError,
  EventStore | ProjectionStore
>
export function catchUp<Sources extends EventSources, State, Kinds extends Effects, const Own extends Handlers<Kinds>>(
  self: Reactor<Sources, State, Kinds>,
  options: CatchUpOptions<Own> & { readonly effects: Own }
): Effect.Effect<
  void,
  ErrorOf<Own> | RetriesExhausted | PartitionsDiffer | ProjectionHalted | EventStoreError,
  ServicesOf<Own> | EventStore | ProjectionStore
>
export function catchUp<Sources extends EventSources, State, Kinds extends Effects, Own extends Handlers<Kinds>>(
  self: Reactor<Sources, State, Kinds>,
  options?: CatchUpOptions<Own>
): Effect.Effect<void, unknown, ServicesOf<Own> | EventStore | ProjectionStore> {
  return CatchingUp.catchUp(self, options)
}
