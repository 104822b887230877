import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { EventStoreError } from "refold/EventStoreError"
import * as Tuning from "refold/Tuning"
import type { Options } from "../../StoreModel.ts"
import { inTenant, type Scene, Worker } from "./client.ts"
import { Gate } from "./gate.ts"
import { type History, keyOf, type Recorded, type Subscription } from "./history.ts"
import { pack, whileUntold } from "./parcels.ts"
import type { Fiber as Work, Program, Subscriber } from "./program.ts"
import { streams, tenants } from "./program.ts"
import { CurrentlyDoing, Recorder } from "./recording.ts"

/** The clients of a store, how to break their connections, if that is possible, and how long all may take. */
export interface Stage extends Pick<Options, "clients" | "kill"> {
  readonly patience: Duration.Input
}

/** The id of the streams that are written to last, so that subscribers know when to stop. */
const end = "end"

/** Runs a program on streams that nobody else uses, and tells what happened. */
export const play = Effect.fnUntraced(function*(program: Program, stage: Stage): Effect.fn.Return<History> {
  const run = globalThis.crypto.randomUUID()
  const recorder = new Recorder({ mayBeUnavailable: stage.kill !== undefined })
  const scene: Scene = {
    recorder,
    categories: [`Model-${run}-0`, `Model-${run}-1`],
    parcels: [pack(program.parcels[0], "parcel 1"), pack(program.parcels[1], "parcel 2")],
    kill: stage.kill ?? (() => Effect.void),
    executions: [],
    readings: [],
    notes: 0
  }
  const workers = stage.clients.map((client, index) =>
    new Worker(scene, client, program.tunings[index] ?? Tuning.defaults)
  )
  const [worker] = workers
  if (worker === undefined) return yield* Effect.die("no clients")
  const workerOf = ({ client }: { readonly client: number }) => workers[client % workers.length] ?? worker
  const gate = new Gate()
  const actions = program.fibers.reduce((sum, { steps }) => sum + steps.length, 0)

  const work = (fiber: Work) =>
    Effect.forEach(
      fiber.steps,
      ({ action, turns, until }) =>
        gate.pass(until, Effect.exit(workerOf(fiber).act(action))).pipe(
          Effect.provideService(CurrentlyDoing, { transaction: undefined, turns: [...turns] }),
          Effect.tap((exit) =>
            Exit.isFailure(exit) ? Effect.sync(() => recorder.fault(action._tag, exit.cause)) : Effect.void
          )
        ),
      { discard: true }
    )

  const subscriptions: Array<Subscription> = []
  const subscribe = Effect.fnUntraced(function*(subscriber: Subscriber) {
    yield* gate.whenEnded(Math.min(subscriber.when, actions))
    const { stocks, store } = workerOf(subscriber)
    const [first = stocks[0], ...rest] = stocks.filter((_, index) => subscriber.categories.includes(index))
    const events: Array<Recorded> = []
    const after = subscriber.from === "the middle" ? reached(scene) : 0
    const tenant = tenants[subscriber.tenant] ?? tenants[0]
    subscriptions.push({ tenant, categories: [first, ...rest].map(({ category }) => category), after, events })
    const last = rest.at(-1) ?? first
    const exit = yield* store.subscribe([first, ...rest], { after, pageSize: subscriber.pageSize }).pipe(
      Stream.tap((event) => Effect.sync(() => events.push(event))),
      Stream.takeUntil(({ stream }) => stream.id === end && stream.category === last.category),
      Stream.runDrain,
      inTenant(subscriber.tenant),
      Effect.exit
    )
    if (Exit.isFailure(exit) && !Cause.hasInterrupts(exit.cause)) {
      recorder.faults.push(`a subscriber failed: ${String(Cause.squash(exit.cause))}`)
    }
  })

  const following = yield* Effect.forEach(program.subscribers, (subscriber) => Effect.forkChild(subscribe(subscriber)))
  yield* Effect.all(program.fibers.map(work), { concurrency: "unbounded", discard: true }).pipe(
    inTime(stage, recorder, "the program")
  )
  const ends = tenants.flatMap((_, tenant) => worker.stocks.map((stock) => ({ stock, tenant })))
  for (const { stock, tenant } of ends) {
    yield* worker.store.append(stock, end, [{ _tag: "Renamed", note: `${end} of ${stock.category}, ${tenant}` }]).pipe(
      inTenant(tenant),
      Effect.retry(whileUntold),
      Effect.catchCause((cause) => Effect.sync(() => recorder.fault("the last append", cause)))
    )
  }
  yield* Effect.forEach(following, Fiber.join, { concurrency: "unbounded", discard: true }).pipe(
    inTime(stage, recorder, "a subscriber")
  )
  yield* Effect.forEach(following, Fiber.interrupt, { discard: true })

  const { store } = stage.clients[0]
  const reading = <A>(tenant: number, self: Effect.Effect<A, EventStoreError>) =>
    self.pipe(Effect.retry(whileUntold), Effect.orDie, inTenant(tenant))
  const contents = new Map<string, { readonly events: ReadonlyArray<Recorded>; readonly version: number }>()
  const logs = new Map<string, ReadonlyArray<Recorded>>()
  for (const [tenant, name] of tenants.entries()) {
    logs.set(name, yield* reading(tenant, Stream.runCollect(store.readAll(worker.stocks))))
  }
  const all = [
    ...streams.map(({ category, id, tenant }) => ({ stock: worker.stocks[category], id, tenant })),
    ...ends.map((one) => ({ ...one, id: end }))
  ]
  for (const { id, stock, tenant } of all) {
    contents.set(keyOf({ tenant: tenants[tenant] ?? "none", category: stock.category, id }), {
      events: yield* reading(tenant, Stream.runCollect(store.read(stock, id))),
      version: yield* reading(tenant, store.version(stock, id))
    })
  }
  return {
    program,
    attempts: recorder.attempts,
    executions: scene.executions,
    readings: scene.readings,
    subscriptions,
    logs,
    log: [...logs.values()].flat().toSorted((one, other) => one.position - other.position),
    streams: contents,
    faults: recorder.faults,
    wasBroken: stage.kill !== undefined
  }
})

/** The highest position that somebody has been told of, before the end. */
const reached = ({ readings, recorder }: Scene): number =>
  Math.max(
    0,
    ...readings.flatMap(({ events }) => events.map(({ position }) => position)),
    ...recorder.attempts.flatMap(({ outcome, transaction }) =>
      outcome._tag === "appended" && transaction === undefined && outcome.appended.stream.id !== end
        ? [outcome.appended.position]
        : []
    )
  )

const inTime = ({ patience }: Stage, recorder: Recorder, who: string) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.timeoutOrElse(self, {
    duration: patience,
    orElse: () => Effect.sync(() => recorder.faults.push(`${who} had not come to its end in time`))
  })
