import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Aggregate } from "../../Aggregate.ts"
import type { Types } from "../../Decider.ts"
import type { EventStore } from "../../EventStore.ts"
import type { Snapshots } from "../../Snapshots.ts"
import * as StreamId from "../../StreamId.ts"
import type { Moment, Timeline } from "./timelines.ts"
import type { Turn } from "./turns.ts"

/*
 * The command that carries its stream across a multiple of n saves the state, on its way out: when others have their turn
 * already, and before it returns, so that nothing is left to be done when a program ends.
 */

/** How long a command waits for a store that does not answer. */
const patience = "1 second"

/**
 * Has a command save the latest state, if the stream has crossed a multiple of n since the last snapshot, or since its
 * beginning if none is known of: several events at once, or events of others, do not jump over it.
 */
export const charge = <T extends Types>(
  { snapshots }: Aggregate<T>,
  timeline: Timeline<T["State"], T["Event"]>,
  turn: Turn<T>
): void => {
  const latest = timeline.now.moment
  if (snapshots === undefined || latest === undefined) return
  const { every } = snapshots
  if (Math.floor(latest.version / every) <= Math.floor(timeline.saved / every)) return
  // if it cannot be saved, the next multiple makes up for it
  timeline.saved = latest.version
  turn.toSave = { ...latest, next: undefined }
}

/** Saves a state if it can. The command is done: nothing that goes wrong here is its business. */
export const save = <T extends Types>(
  aggregate: Aggregate<T>,
  snapshots: Snapshots<T["State"]>,
  store: EventStore["Service"],
  stream: StreamId.StreamId,
  { instant, position, state, version }: Moment<T["State"], T["Event"]>
): Effect.Effect<void> =>
  Effect.suspend(() => Effect.fromResult(snapshots.encode(state))).pipe(
    Effect.flatMap((state) =>
      store.saveSnapshot(aggregate, stream.id, {
        fingerprint: snapshots.fingerprint,
        version,
        position,
        recordedAt: DateTime.makeUnsafe(instant),
        state
      })
    ),
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(`the store took longer than ${patience}`) }),
    Effect.catchCause((cause) =>
      Effect.logWarning(`${StreamId.format(stream)}: no snapshot was saved at version ${version}`, cause)
    )
  )
