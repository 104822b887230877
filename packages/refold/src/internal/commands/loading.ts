import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Aggregate, Loaded, LoadOptions } from "../../Aggregate.ts"
import type { Types } from "../../Decider.ts"
import type { EventStore, Resumed, ResumeOptions } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import * as Tuning from "../../Tuning.ts"
import { lineName, streamId } from "../store/naming.ts"
import { wholeNumber } from "../store/reading.ts"
import { isTraced, traced } from "../telemetry.ts"
import * as Rounds from "./rounds.ts"
import * as Timelines from "./timelines.ts"
import type { LinesOf, Turn } from "./turns.ts"

type MomentOf<T extends Types> = Timelines.Moment<T["State"], T["Event"]>

/**
 * Folds a stream, up to a version or an instant if asked to: from what is remembered of it, else from what was saved, else
 * from its first event.
 */
export const load = <T extends Types>(
  aggregate: Aggregate<T>,
  lines: LinesOf<T>,
  store: EventStore["Service"],
  id: string,
  options: LoadOptions
): Effect.Effect<Loaded<T["State"]>, EventStoreError> =>
  Effect.withFiber((fiber) => {
    const loaded = fold(aggregate, lines, store, id, options)
    if (!isTraced(fiber)) return loaded
    const outcome = Effect.tap(loaded, ({ version }) => Effect.annotateCurrentSpan("refold.version", version))
    return traced("load", { tenant: fiber.getRef(Tenant), category: aggregate.category, id }, {}, outcome)
  })

const fold = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  lines: LinesOf<T>,
  store: EventStore["Service"],
  id: string,
  { at, version }: LoadOptions
): Effect.fn.Return<Loaded<T["State"]>, EventStoreError> {
  const upTo = version === undefined ? undefined : yield* wholeNumber("version", version, 0)
  const name = lineName(yield* streamId(aggregate.category, id))
  const tuning = yield* Tuning.Current
  const latestInstant = at === undefined ? Infinity : DateTime.toEpochMillis(at)

  const open = (known: MomentOf<T> | undefined) =>
    Effect.map(
      store.resume(
        aggregate,
        id,
        known === undefined
          ? { upTo, snapshot: request(aggregate, { version: upTo, at }) }
          : { after: known.version, upTo }
      ),
      (resumed) => ({ ...resumed, start: known ?? startOf(aggregate, resumed) })
    )

  // a transaction may see an earlier stream than others do, or one that may yet be undone
  const shares = tuning.cachedStates > 0 && !(yield* store.inTransaction)
  const latest = shares ? lines.latest(store, name) : undefined
  const fits = latest !== undefined && latest.version <= (upTo ?? Infinity) && latest.instant <= latestInstant
  let resumed = yield* open(fits ? latest : undefined)
  if (resumed.version < resumed.start.version) {
    // shorter than what is remembered of it, as after a restore
    lines.forget(store, name)
    resumed = yield* open(undefined)
  }

  let moment = resumed.start
  yield* resumed.events.pipe(
    Stream.takeWhile(({ recordedAt }) => DateTime.toEpochMillis(recordedAt) <= latestInstant),
    Stream.runForEachArray((page) =>
      Effect.sync(() => {
        moment = Timelines.advance(moment, page, aggregate.evolve)
      })
    )
  )
  if (shares && upTo === undefined && at === undefined) {
    const line = lines.at(store, name, () => Rounds.makeLine(aggregate, store, tuning))
    lines.remember(store, name, line, { moment, saved: resumed.snapshot?.version ?? 0 })
  }
  return { state: moment.state, version: moment.version, position: moment.position }
})

/**
 * Reads the stream, from what is remembered or saved of it if that is of use, folds it up to the version that was seen, and
 * ties that moment to the timeline.
 */
export const recall = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  store: EventStore["Service"],
  timeline: Timelines.Timeline<T["State"], T["Event"]>,
  { arrival: { moment: arrivedAt }, asked, question: { seen = Infinity, stream } }: Turn<T>
): Effect.fn.Return<MomentOf<T>, EventStoreError> {
  const { evolve } = aggregate
  const reading = Timelines.ask(timeline)
  const known = Math.min(seen, timeline.now.moment?.version ?? Infinity)
  const { remembered } = timeline
  const resumed = yield* store.resume(
    aggregate,
    stream.id,
    remembered !== undefined && remembered.version <= known
      ? { after: remembered.version }
      : { snapshot: request(aggregate, { version: known === Infinity ? undefined : known, at: undefined }) }
  )
  const events: Array<RecordedEvent<T["Event"]>> = []
  let moment: MomentOf<T> = remembered !== undefined && remembered.version <= known
    ? { ...remembered, next: undefined }
    : startOf(aggregate, resumed)
  timeline.saved = Math.max(timeline.saved, resumed.snapshot?.version ?? 0)
  yield* Stream.runForEachArray(resumed.events, (page) =>
    Effect.sync(() => {
      for (const recorded of page) if (recorded.version > known) events.push(recorded)
      moment = Timelines.advance(moment, page.filter(({ version }) => version <= seen), evolve)
    }))
  Timelines.attach(timeline, moment, { arrivedAt, asked, events, evolve })
  Timelines.hear(timeline, reading)
  return moment
})

/** What to ask the store for; a version that is none is for others to complain of. */
const request = <T extends Types>(
  { snapshots }: Aggregate<T>,
  { at, version }: Omit<NonNullable<ResumeOptions<T["State"]>["snapshot"]>, "of">
): ResumeOptions<T["State"]>["snapshot"] =>
  snapshots === undefined || (version !== undefined && !Number.isSafeInteger(version))
    ? undefined
    : { of: snapshots, version, at }

const startOf = <T extends Types>(
  { initial }: Aggregate<T>,
  { snapshot }: Resumed<T["Event"], T["State"]>
): MomentOf<T> => {
  if (snapshot === undefined) return Timelines.beginning(initial)
  const { position, recordedAt, state, version } = snapshot
  return { state, version, position, instant: DateTime.toEpochMillis(recordedAt), next: undefined }
}
