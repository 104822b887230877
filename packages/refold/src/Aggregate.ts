/**
 * The unit of consistency: a decider with a home in the event store, and rules for what happens when two people change it
 * at once.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { Conflict, RetriesExhausted } from "./Conflict.ts"
import * as Conflicts from "./Conflicts.ts"
import type { Combined, Decider, Distinct, Tagged, Types } from "./Decider.ts"
import * as EventCodec from "./EventCodec.ts"
import type { EventSource } from "./EventSource.ts"
import { EventStore } from "./EventStore.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as CombinedAggregate from "./internal/combined/aggregate.ts"
import * as Execution from "./internal/commands/execution.ts"
import { Lines } from "./internal/commands/lines.ts"
import * as Loading from "./internal/commands/loading.ts"
import * as Reservations from "./internal/commands/reservations.ts"
import type { LinesOf } from "./internal/commands/turns.ts"
import * as Telemetry from "./internal/telemetry.ts"
import type { LockExpired, LockOptions, LockTimeout } from "./Lock.ts"
import type { Metadata } from "./Metadata.ts"
import type { Appended } from "./RecordedEvent.ts"
import * as Snapshots from "./Snapshots.ts"
import type * as Unique from "./Unique.ts"

/**
 * What an aggregate is without a store: pure functions, schemas and rules.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definition<in out T extends Types> extends Decider<T>, EventSource<T["Event"]> {
  readonly command: Schema.Codec<T["Command"], unknown>
  readonly event: EventCodec.TaggedUnionSchema<T["Event"]>
  readonly state: Schema.Codec<T["State"], unknown>
  readonly conflicts: Conflicts.Conflicts<T["Event"]>
  /** How its states are saved now and then; `undefined` if they are not. */
  readonly snapshots: Snapshots.Snapshots<T["State"]> | undefined
  /** The values that no other instance may have. */
  readonly unique: ReadonlyArray<Unique.Rule<T["State"]>>
}

/**
 * An aggregate. Its four types go by name: `Command`, `Event`, `State` and `Rejection`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Aggregate<in out T extends Types> extends Definition<T> {
  /**
   * Decides a command and appends the events, whoever else is doing the same.
   *
   * **Details**
   *
   * The command is decided on the state it knows: that of the version it has `seen`, or the latest there is. Events that
   * were appended since are *missed*, and each is held against each decided event by the conflict table: the decided
   * events are placed after them, or decided again, or the command fails with a `Conflict`. A command that decides nothing
   * succeeds without events; a rejection, like that, is an answer to what is true now.
   *
   * States are remembered from one command to the next. Whether one is still the latest is checked by the append: if it
   * is not, the command decides again as if it had been loaded. Concurrent commands on one stream are lined up within the
   * process, and may be appended together. Neither changes anything about the verdicts: a command in line has not seen
   * the events of those ahead of it.
   *
   * Without `seen`, a command that arrives while others are under way knows what the process knew then, which may be a
   * moment behind other processes. It may so be told of a conflict with an event that was there already; a command that
   * says what it has `seen` is not.
   *
   * **Gotchas**
   *
   * A command that is sent twice is decided twice, unless it has a `commandId`. After an `OutcomeUnknown`, or an
   * interruption, look for what a command without one may have appended before you send it again.
   */
  readonly execute: (
    id: string,
    command: T["Command"],
    options?: ExecuteOptions
  ) => Effect.Effect<
    Appended<T["Event"]>,
    T["Rejection"] | Conflict<T["Event"]> | RetriesExhausted | EventStoreError,
    EventStore
  >

  /**
   * The state of an instance: now, as it was at a version, or as it was at an instant. What is remembered or saved of it
   * is made use of; only what came after that is read.
   */
  readonly load: (id: string, options?: LoadOptions) => Effect.Effect<Loaded<T["State"]>, EventStoreError, EventStore>

  /**
   * Runs an effect while nobody else who asks for the lock on the same instance runs theirs, in this process or another.
   *
   * **When to use**
   *
   * Where a lost race is too dear: long thinking, or a call to the outside that must not be made twice. Commands do not
   * need it; they are safe by themselves.
   *
   * **Details**
   *
   * The lock is a lease in the store: no transaction and no connection is held. It is given back however the effect ends;
   * that of a process that died ends after `hold`. Within a process those who wait get it in the order in which they came.
   * Inside, the lock of the same instance may be taken again, which does nothing.
   *
   * **Gotchas**
   *
   * Those who do not ask are not stopped: `execute` elsewhere goes through, and is held against what is executed inside by
   * the conflict table, as ever. So is what an effect does that cannot be interrupted when its time is up. Two
   * locks taken in different order by two fibers end in a `LockTimeout`. Dies inside a transaction, and if `hold` is
   * infinite.
   */
  readonly withLock: <A, E, R>(
    id: string,
    effect: Effect.Effect<A, E, R>,
    options?: LockOptions
  ) => Effect.Effect<A, E | LockTimeout | LockExpired | EventStoreError, R | EventStore>
}

/**
 * What commands may be sent to, by those who know nothing of it but its category: every aggregate is one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Target {
  readonly category: string
  readonly command: Schema.Codec<Tagged, unknown>
  readonly execute: (
    id: string,
    command: never,
    options?: ExecuteOptions
  ) => Effect.Effect<Appended<unknown>, unknown, EventStore>
}

/**
 * How to execute a command.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExecuteOptions {
  /**
   * The version the user was looking at. A screen that was opened at version 3 is a race that started at version 3: the
   * command is decided on that state, and what was appended since is missed.
   */
  readonly seen?: number | undefined
  /** Like `seen`, but whatever was appended since is a conflict, even if the command decides nothing. */
  readonly strict?: number | undefined
  /** How often to try to append, while others are faster, before giving up with `RetriesExhausted`; 10 by default. */
  readonly attempts?: number | undefined
  /**
   * The id of the command, made by whoever sends it: sent again under it, a command that has appended events does nothing
   * but tell of them (`repeated`), whatever became of the answer the first time. Other outcomes are not kept: such a command
   * is decided again. An id stands for one command to one instance. Costs two round trips more.
   */
  readonly commandId?: string | undefined
  /** Stored with the events, over what `Metadata.Current` holds and the trace they are decided under. */
  readonly metadata?: Metadata | undefined
}

/**
 * How far to fold: to the end, unless a version or an instant is given; with both, to whichever comes first.
 *
 * @category models
 * @since 0.1.0
 */
export interface LoadOptions {
  /**
   * Only the events up to this version. 0 is the initial state, and beyond the end is the end. Dies if it is not a whole
   * number, or negative.
   */
  readonly version?: number | undefined
  /**
   * Only the events up to the first that was recorded later than this instant. Events that were appended together share
   * theirs. Before the first event is the initial state.
   */
  readonly at?: DateTime.Utc | undefined
}

/**
 * A state and the place in the log where it was true. Version 0 is the initial state of a stream without events.
 *
 * @category models
 * @since 0.1.0
 */
export interface Loaded<out State> {
  readonly state: State
  readonly version: number
  readonly position: number
}

/**
 * What `decide` may return: events, or a `Result` that fails with a rejection.
 *
 * @category models
 * @since 0.1.0
 */
export type Decision<Event> = ReadonlyArray<Event> | Result.Result<ReadonlyArray<Event>, unknown>

/**
 * The rejections among what `decide` returns.
 *
 * @category utility types
 * @since 0.1.0
 */
export type RejectionOf<D> = D extends Result.Result<infer _Events, infer Rejection> ? Rejection : never

/**
 * Defines an aggregate. All types follow from the schemas and from what `decide` returns.
 *
 * **Details**
 *
 * `command` and `event` are tagged unions: `Schema.TaggedUnion`, or a union piped through `Schema.toTaggedUnion("_tag")`.
 * Events are checked against their schema when they are appended; commands are taken as the types let them through, so
 * decode what comes from outside with `command` first.
 *
 * `conflicts` names every event type, or is one verdict for all; nothing is implied. `snapshots` has the state saved now
 * and then, so that long streams load fast.
 *
 * `unique` names values of the state that no other instance of the same tenant may have: a command that would give its
 * instance one of somebody else's is refused with `NotUnique`, also if they race.
 *
 * What is stored stays as it is: `storedAs` keeps the stored names of events that were renamed in code, `earlier` has the
 * shapes that events had before, and `retired` says what becomes of those that are gone. The last two are chains, begun
 * by `Upcast.from`.
 *
 * **Gotchas**
 *
 * Throws if the table gives a pair two verdicts, two events share a stored name, the versions of an event have a gap, the
 * state of an aggregate with snapshots has no JSON form, or no stream could be named after a unique value: the program is
 * wrong before it has run.
 * Let `decide` name its first parameter even if it ignores it: without one, the compiler takes `_tag` for any string.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  Command extends Tagged,
  Event extends Tagged,
  const State,
  const Decided extends Decision<Event>,
  Rule extends string = never
>(
  category: string,
  options: {
    readonly command: Schema.Codec<Command, unknown>
    readonly event: EventCodec.TaggedUnionSchema<Event>
    readonly state: Schema.Codec<State, unknown>
    readonly initial: NoInfer<State>
    readonly decide: (command: Command, state: State) => Decided
    readonly evolve: (state: State, event: Event) => NoInfer<State>
    readonly conflicts: Conflicts.ConflictTable<Event>
    readonly snapshots?: Snapshots.SnapshotOptions | undefined
    readonly unique?: { readonly [Name in Rule]: (state: State) => Unique.Values } | undefined
  } & NoInfer<EventCodec.StoredOptions<Event>>
): Aggregate<{
  readonly Command: Command
  readonly Event: Event
  readonly State: State
  readonly Rejection: RejectionOf<Decided> | Unique.Refusal<Rule>
}> => {
  const { command, conflicts, decide, event, evolve, initial, snapshots, state, unique } = options
  const codec = EventCodec.make(event, options)
  return atHome({
    category,
    command,
    event,
    codec,
    state,
    initial,
    conflicts: Conflicts.make(codec.tags, conflicts),
    snapshots: snapshots === undefined
      ? undefined
      : Snapshots.make(category, { state, initial, options: snapshots, shapes: codec.shapes }),
    unique: Reservations.rulesOf<State>(category, unique ?? {}),
    decide: (command, state) => {
      const decided: Decision<Event> = decide(command, state)
      return Result.isResult(decided)
        ? decided as Result.Result<ReadonlyArray<Event>, RejectionOf<Decided>>
        : Result.succeed(decided)
    },
    evolve
  })
}

/**
 * Makes one aggregate of several, which share a stream: it takes the commands of all of them, and its state has a part for
 * each.
 *
 * **Details**
 *
 * A command is decided by the aggregate it belongs to, on the part of the state that is its own, and an event changes that
 * part alone. The conflict tables stay as they are; across aggregates everything commutes, since no part depends on
 * another. If each of them obeys the laws, so does the combination.
 *
 * Events keep their stored names. The states are saved as snapshots if those of all are: as often as the one that is saved
 * most often, and trusted as long as each would be.
 *
 * **Gotchas**
 *
 * The combination has streams of its own; those of its parts are not read. Throws if two parts share the tag of a command or
 * of an event, or a stored name.
 *
 * @category combining
 * @since 0.1.0
 */
export const combine = <const Parts extends { readonly [name: string]: Types }>(
  category: string,
  parts: { readonly [Name in keyof Parts]: Aggregate<Parts[Name]> } & Distinct<Parts>
): Aggregate<Combined<Parts>> => atHome(CombinedAggregate.make<Parts>(category, parts))

/** Binds a definition to the event store. */
const atHome = <T extends Types>(definition: Definition<T>): Aggregate<T> => {
  const telemetry = Telemetry.make(definition.category)
  const lines: LinesOf<T> = new Lines()
  const self: Aggregate<T> = {
    ...definition,
    execute: (id, command, options = {}) =>
      Effect.flatMap(EventStore, (store) => Execution.execute(self, lines, telemetry, store, id, command, options)),
    load: (id, options = {}) => Effect.flatMap(EventStore, (store) => Loading.load(self, lines, store, id, options)),
    withLock: (id, effect, options) => Effect.flatMap(EventStore, (store) => store.withLock(self, id, effect, options))
  }
  return self
}
