import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import { Conflict } from "refold/Conflict"
import { EventStore } from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import type { Client } from "../../StoreModel.ts"
import { commandOf, eventOf, makeStock, type Stock } from "./domain.ts"
import { type Execution, keyOf, type Reading, type Transaction } from "./history.ts"
import { type Action, type Demand, streams, type Write } from "./program.ts"
import { CurrentlyDoing, giveWay, type Recorder, takeTurns } from "./recording.ts"

/** What the clients of a program share. */
export interface Scene {
  readonly recorder: Recorder
  readonly categories: readonly [string, string]
  readonly kill: (session: number) => Effect.Effect<void>
  readonly executions: Array<Execution>
  readonly readings: Array<Reading>
  notes: number
}

/** A client at work: it does what a program says, and remembers which version it last heard of. */
export class Worker {
  readonly store: EventStore["Service"]
  readonly stocks: readonly [Stock, Stock]
  private readonly scene: Scene
  private readonly client: Client
  private readonly heard = new Map<string, number>()

  constructor(scene: Scene, client: Client) {
    this.scene = scene
    this.client = client
    this.store = scene.recorder.observe(client.store)
    this.stocks = [makeStock(scene.categories[0]), makeStock(scene.categories[1])]
  }

  readonly act = (action: Action): Effect.Effect<void, EventStoreError> => {
    switch (action._tag) {
      case "Append":
      case "Execute":
        return this.write(action)
      case "Interrupt":
        return Effect.gen({ self: this }, function*() {
          const fiber = yield* Effect.forkChild(this.act(action.work), { startImmediately: true })
          yield* giveWay(action.after)
          yield* Fiber.interrupt(fiber)
          const exit = yield* Fiber.await(fiber)
          // how a client undoes a transaction that was interrupted is its own affair
          if (!Exit.hasInterrupts(exit)) yield* exit
        })
      case "Transact":
        return this.transact(action.writes, action.end)
      case "Read":
        return this.read(action.stream, action.after)
      case "ReadAll":
        return this.readAll(action.pageSize)
      case "Kill":
        return this.scene.kill(action.session)
    }
  }

  private readonly place = (index: number) => {
    const { category, id } = streams[index] ?? streams[0]
    const stock = this.stocks[category]
    const key = keyOf(stock.category, id)
    const known = this.heard.get(key) ?? 0
    return { id, stock, key, knownAgo: (ago: number) => Math.max(0, known - ago) }
  }

  private readonly note = () => `note ${++this.scene.notes}`

  private readonly write = (write: Write, transaction?: Transaction): Effect.Effect<void, EventStoreError> =>
    write._tag === "Append" ? this.append(write) : this.execute(write, transaction)

  private append({ demand, events, stream }: Write & { readonly _tag: "Append" }) {
    const { id, key, knownAgo, stock } = this.place(stream)
    return this.store.append(stock, id, events.map((tag) => eventOf(tag, this.note())), {
      condition: conditionOf(demand, knownAgo)
    }).pipe(
      Effect.catchTag("AppendConditionFailed", ({ actual }) => Effect.succeed({ version: actual })),
      Effect.map(({ version }) => void this.heard.set(key, version))
    )
  }

  private execute(
    { ago, command: tag, says, stream }: Write & { readonly _tag: "Execute" },
    transaction: Transaction | undefined
  ) {
    const { id, key, knownAgo, stock } = this.place(stream)
    const { executions, recorder } = this.scene
    const command = commandOf(tag, this.note())
    const seen = says === "nothing" ? undefined : knownAgo(ago)
    const beganAt = recorder.now()
    return stock.execute(id, command, says === "strict" ? { strict: seen } : { seen }).pipe(
      Effect.provideService(EventStore, this.store),
      Effect.catch((error) => error instanceof EventStoreError ? Effect.fail(error) : Effect.succeed(error)),
      Effect.map((outcome) => {
        const endedAt = recorder.now()
        executions.push({
          stream: key,
          command,
          seen,
          strict: says === "strict",
          transaction,
          beganAt,
          endedAt,
          outcome
        })
        const version = "version" in outcome
          ? outcome.version
          : outcome instanceof Conflict
          ? outcome.actual
          : undefined
        if (version !== undefined) this.heard.set(key, version)
        return undefined
      })
    )
  }

  private transact(writes: ReadonlyArray<Write>, end: "commit" | "rollback"): Effect.Effect<void, EventStoreError> {
    const transaction: Transaction = { end: end === "commit" ? "unknown" : "rolled back", endedAt: Infinity }
    const all = Effect.andThen(
      Effect.forEach(writes, (write) => this.write(write, transaction), { discard: true }),
      takeTurns
    )
    const inside = Effect.flatMap(
      CurrentlyDoing,
      (doing) => Effect.provideService(all, CurrentlyDoing, { ...doing, transaction })
    )
    return (this.client.transact?.(inside, end) ?? Effect.void).pipe(
      Effect.andThen(Effect.sync(() => {
        if (end === "commit") transaction.end = "committed"
        transaction.endedAt = this.scene.recorder.now()
      }))
    )
  }

  private read(index: number, after: number) {
    const { id, key, stock } = this.place(index)
    const beganAt = this.scene.recorder.now()
    return Effect.map(Stream.runCollect(this.store.read(stock, id, { after })), (events) => {
      this.scene.readings.push({ of: key, after, events, beganAt, endedAt: this.scene.recorder.now() })
      const last = events.at(-1)
      if (last !== undefined) this.heard.set(key, last.version)
    })
  }

  private readAll(pageSize: number) {
    const beganAt = this.scene.recorder.now()
    return Effect.map(Stream.runCollect(this.store.readAll(this.stocks, { pageSize })), (events) => {
      const endedAt = this.scene.recorder.now()
      this.scene.readings.push({ of: this.scene.categories, after: 0, events, beganAt, endedAt })
    })
  }
}

const conditionOf = (demand: Demand, knownAgo: (ago: number) => number): AppendCondition.AppendCondition => {
  switch (demand._tag) {
    case "at":
      return AppendCondition.at(knownAgo(demand.ago))
    case "onlySince":
      return AppendCondition.onlySince(knownAgo(demand.ago), demand.types)
    case "any":
      return AppendCondition.any
    case "noStream":
      return AppendCondition.noStream
    case "streamExists":
      return AppendCondition.streamExists
  }
}
