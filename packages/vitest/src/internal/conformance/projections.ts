/** A projection that keeps in memory what it was given, and workers that run it under short leases. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import { EventStoreError, Unavailable } from "refold/EventStoreError"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import type { ProjectionId, ProjectionStore } from "refold/ProjectionStore"
import type { RecordedEvent } from "refold/RecordedEvent"
import { freshId, makeAccount } from "./fixtures.ts"

export type Account = ReturnType<typeof makeAccount>
export type Event = RecordedEvent<Parameters<Account["evolve"]>[1]>

/** In milliseconds. */
export const lease = 300

/** Records what its handler was given, if `first` does not fail. */
export const recording = <E = never, R = never>(
  first: (events: NonEmptyReadonlyArray<Event>) => Effect.Effect<void, E, R> = () => Effect.void
) => {
  const account = makeAccount(`Recorded-${freshId()}`)
  const events: Array<Event> = []
  const cents: Array<number> = []
  const projection = Projection.make(`recording-${freshId()}`, {
    version: 1,
    from: [account],
    handle: (batch) =>
      Effect.andThen(
        first(batch),
        Effect.sync(() => {
          events.push(...batch)
          cents.push(...batch.map(({ event }) => event.cents))
        })
      )
  })
  return { account, events, cents, projection }
}

/** Runs a projection as long as the test. */
export const runs = <E, R>(
  projection: Projection.Projection<readonly [Account, ...ReadonlyArray<Account>], E, R>,
  options?: Projection.RunOptions
) =>
  Effect.forkScoped(
    Projection.run(projection, { lease, retry: Schedule.recurs(0), ...options })
  )

/** A store in which, once, a worker of this projection that has done a batch cannot say so: it starts over. */
export const forgetfulOnce = (store: ProjectionStore["Service"], name: string) => {
  let isAway = true
  const away = new EventStoreError({ reason: new Unavailable({ message: "it is away", cause: undefined }) })
  const forgetful: ProjectionStore["Service"] = {
    ...store,
    commit: (partition, move) => (work) =>
      Effect.suspend(() => {
        if (!isAway || move.events === 0 || partition.name !== name) return store.commit(partition, move)(work)
        isAway = false
        return Effect.fail(away)
      })
  }
  return { forgetful, hasForgotten: Effect.sync(() => !isAway) }
}

/** What is to fail need not be reported. */
export const quietly = Effect.provideService(References.MinimumLogLevel, "None")

const partitionsOf = ({ name, version }: ProjectionId) =>
  Effect.map(Projections.list(name), (all) => all.find((one) => one.version === version)?.partitions ?? [])

export const positionsOf = (projection: ProjectionId) =>
  Effect.map(partitionsOf(projection), (partitions) => partitions.map(({ position }) => position))

/** Who has the partitions, by the name under which they run. */
export const ownersOf = (projection: ProjectionId) =>
  Effect.map(
    partitionsOf(projection),
    (partitions) => partitions.map(({ owner }) => owner?.replace(/-\w+$/, "") ?? "nobody").join(" ")
  )

/** Asks until it is so. */
export const until = <E, R>(what: string, condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  condition.pipe(
    Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutOrElse({
      duration: "15 seconds",
      orElse: () => Effect.die(new Error(`Waited in vain until ${what}`))
    })
  )
