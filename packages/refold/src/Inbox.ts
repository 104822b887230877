/**
 * Commands that are accepted now and done later, and the log of what was asked, by whom, and what became of it.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Aggregate, ExecuteOptions, Target } from "./Aggregate.ts"
import type { Tagged, Types } from "./Decider.ts"
import type { EventStore } from "./EventStore.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as Entries from "./internal/inbox/entries.ts"
import * as Following from "./internal/inbox/following.ts"
import * as Outcomes from "./internal/inbox/outcome.ts"
import * as Running from "./internal/inbox/running.ts"
import * as Submitting from "./internal/inbox/submitting.ts"
import type * as Projection from "./Projection.ts"
import type { PartitionsDiffer, ProjectionStore } from "./ProjectionStore.ts"
import type * as View from "./View.ts"
import * as Views from "./Views.ts"

/**
 * An inbox for the commands of some aggregates.
 *
 * @category models
 * @since 0.1.0
 */
export interface Inbox {
  readonly name: string
  readonly targets: ReadonlyArray<Target>
  /** A row for each command, under its id: to list, and to watch. */
  readonly log: View.View<{ readonly Event: Tagged; readonly State: Entry }>
  readonly entries: Entries.Entries
}

/**
 * What became of a command: it appended events, perhaps none; the aggregate rejected it; or it collided with what others
 * had done.
 *
 * @category models
 * @since 0.1.0
 */
export const Outcome = Outcomes.Outcome

/**
 * What became of a command.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = typeof Outcome.Type

/**
 * A command in the log.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly category: string
  readonly id: string
  /** The command as JSON. */
  readonly command: Schema.Json
  readonly actor: string | undefined
  readonly submittedAt: DateTime.Utc
  /** The position at which it was accepted. */
  readonly position: number
  /** Of the events that tell of it in the inbox's own stream: that it was accepted, and what became of it. */
  readonly versions: ReadonlyArray<number>
  /** `undefined` as long as nobody has done it. */
  readonly outcome: Outcome | undefined
  readonly answeredAt: DateTime.Utc | undefined
}

/**
 * Defines an inbox. Its name is that of its streams, so give each one of its own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (name: string, targets: ReadonlyArray<Target>): Inbox => {
  const entries = Entries.make(name)
  return { name, targets, entries, log: Entries.log(name, entries) }
}

/**
 * How to submit a command. `seen` and `strict` are those of `execute`.
 *
 * @category models
 * @since 0.1.0
 */
export interface SubmitOptions extends Pick<ExecuteOptions, "seen" | "strict" | "metadata"> {
  /** Made by whoever sends it; within a tenant, no other command of the inbox has it. */
  readonly commandId: string
}

/**
 * Accepts a command: when this succeeds it is stored, and will be done in the order in which the commands to its instance
 * were accepted. Submitted again under its id, it is accepted once.
 *
 * @category submitting
 * @since 0.1.0
 */
export const submit = <T extends Types>(
  self: Inbox,
  aggregate: Aggregate<T>,
  id: string,
  command: T["Command"],
  options: SubmitOptions
): Effect.Effect<{ readonly commandId: string; readonly position: number }, EventStoreError, EventStore> =>
  Effect.map(
    Submitting.submit(self, aggregate, id, command, options),
    ({ position }) => ({ commandId: options.commandId, position })
  )

/**
 * Submits a command and waits for what becomes of it.
 *
 * **Details**
 *
 * It takes its turn among the commands that were accepted before, and is done by whoever runs the inbox. Whoever does not
 * want to wait so long interrupts it, with a timeout for example: the command is done all the same, and {@link status}
 * tells what became of it.
 *
 * @category submitting
 * @since 0.1.0
 */
export const execute = <T extends Types>(
  self: Inbox,
  aggregate: Aggregate<T>,
  id: string,
  command: T["Command"],
  options: SubmitOptions
): Effect.Effect<Outcome, EventStoreError, EventStore> => Submitting.execute(self, aggregate, id, command, options)

/**
 * How to run an inbox.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunOptions extends Projection.RunOptions {
  /**
   * How long a command stays in the log after it was answered: then its row and its events are removed, in the background.
   * By default they stay. What was not answered is kept.
   */
  readonly retention?: Duration.Input | undefined
}

/**
 * Does what is accepted, for ever, together with whoever else does so, and keeps the log up to date.
 *
 * @category running
 * @since 0.1.0
 */
export const run = (
  self: Inbox,
  options?: RunOptions
): Effect.Effect<never, PartitionsDiffer | EventStoreError, EventStore | ProjectionStore> =>
  Effect.flatten(Running.start(self, options))

/**
 * {@link run} for as long as the layer lives.
 *
 * @category running
 * @since 0.1.0
 */
export const layer = (
  self: Inbox,
  options?: RunOptions
): Layer.Layer<never, PartitionsDiffer | EventStoreError, EventStore | ProjectionStore> =>
  Layer.effectDiscard(
    Effect.flatMap(Running.start(self, options), (run) =>
      Effect.forkScoped(Effect.tapCause(run, (cause) =>
        Effect.logError(`${self.name} does not run any more`, cause))))
  )

/**
 * What is known of a command, of the tenant of the calling fiber.
 *
 * @category asking
 * @since 0.1.0
 */
export const status = (
  self: Inbox,
  commandId: string
): Effect.Effect<Option.Option<Entry>, Views.ReadError, EventStore | ProjectionStore> =>
  Views.get(self.log, commandId, { consistency: "current" })

/**
 * What is known of a command now, and whenever that changes, until it is done. Waits for one that is not there yet.
 *
 * @category asking
 * @since 0.1.0
 */
export const follow = (
  self: Inbox,
  commandId: string
): Stream.Stream<Entry, Views.ReadError, EventStore | ProjectionStore> => Following.follow(self.log, commandId)
