import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { EventStoreError } from "refold/EventStoreError"
import type { Options } from "../../StoreModel.ts"
import { type Scene, Worker } from "./client.ts"
import { Gate } from "./gate.ts"
import { type History, keyOf, type Recorded, type Subscription } from "./history.ts"
import type { Fiber as Work, Program, Subscriber } from "./program.ts"
import { streams } from "./program.ts"
import { CurrentlyDoing, Recorder } from "./recording.ts"

/** The clients of a store, how to break their connections, if that is possible, and how long all may take. */
export interface Stage extends Pick<Options, "clients" | "kill"> {
  readonly patience: Duration.Input
}

/** The id of the streams that are written to last, so that subscribers know when to stop. */
const end = "end"

const whileAway = {
  while: (error: unknown) => error instanceof EventStoreError && error.isRetryable,
  schedule: Schedule.max([Schedule.spaced("20 millis"), Schedule.recurs(500)])
}

/** Runs a program on streams that nobody else uses, and tells what happened. */
export const play = Effect.fnUntraced(function*(program: Program, stage: Stage): Effect.fn.Return<History> {
  const run = globalThis.crypto.randomUUID()
  const recorder = new Recorder({ mayBeUnavailable: stage.kill !== undefined })
  const scene: Scene = {
    recorder,
    categories: [`Model-${run}-0`, `Model-${run}-1`],
    kill: stage.kill ?? (() => Effect.void),
    executions: [],
    readings: [],
    notes: 0
  }
  const workers = stage.clients.map((client) => new Worker(scene, client))
  const workerOf = ({ client }: { readonly client: number }) =>
    workers[client % workers.length] ?? new Worker(scene, stage.clients[0])
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
    subscriptions.push({ categories: [first, ...rest].map(({ category }) => category), after, events })
    const last = rest.at(-1) ?? first
    const exit = yield* store.subscribe([first, ...rest], { after, pageSize: subscriber.pageSize }).pipe(
      Stream.tap((event) => Effect.sync(() => events.push(event))),
      Stream.takeUntil(({ stream }) => stream.id === end && stream.category === last.category),
      Stream.runDrain,
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
  const [worker] = workers
  if (worker === undefined) return yield* Effect.die("no clients")
  for (const stock of worker.stocks) {
    yield* worker.store.append(stock, end, [{ _tag: "Renamed", note: end }]).pipe(
      Effect.retry(whileAway),
      Effect.catchCause((cause) => Effect.sync(() => recorder.fault("the last append", cause)))
    )
  }
  yield* Effect.forEach(following, Fiber.join, { concurrency: "unbounded", discard: true }).pipe(
    inTime(stage, recorder, "a subscriber")
  )
  yield* Effect.forEach(following, Fiber.interrupt, { discard: true })

  const { store } = stage.clients[0]
  const reading = <A>(self: Effect.Effect<A, EventStoreError>) => Effect.orDie(Effect.retry(self, whileAway))
  const contents = new Map<string, { readonly events: ReadonlyArray<Recorded>; readonly version: number }>()
  const names = [...streams, { category: 0, id: end }, { category: 1, id: end }] as const
  for (const { category, id } of names) {
    const stock = worker.stocks[category]
    contents.set(keyOf(stock.category, id), {
      events: yield* reading(Stream.runCollect(store.read(stock, id))),
      version: yield* reading(store.version(stock, id))
    })
  }
  return {
    program,
    attempts: recorder.attempts,
    executions: scene.executions,
    readings: scene.readings,
    subscriptions,
    log: yield* reading(Stream.runCollect(store.readAll(worker.stocks))),
    streams: contents,
    faults: recorder.faults
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
