import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import { Conflict } from "refold/Conflict"
import { EventStore } from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import * as StreamId from "refold/StreamId"
import * as Tuning from "refold/Tuning"
import type { Client } from "../../StoreModel.ts"
import { commandOf, eventOf, makeStock, type Stock, type StockEvent } from "./domain.ts"
import { type Execution, keyOf, type Reading, type Transaction } from "./history.ts"
import { asSent, type Item, type Parcel, whileUntold } from "./parcels.ts"
import { type Action, type Demand, type Execute, streamAt, tenants, type Write } from "./program.ts"
import { CurrentlyDoing, giveWay, isUntold, type Recorder, takeTurns } from "./recording.ts"

/** What the clients of a program share. */
export interface Scene {
  readonly recorder: Recorder
  readonly categories: readonly [string, string]
  readonly parcels: readonly [Parcel, Parcel]
  readonly kill: (session: number) => Effect.Effect<void>
  readonly executions: Array<Execution>
  readonly readings: Array<Reading>
  notes: number
}

/** Does something on behalf of a tenant. */
export const inTenant = (tenant: number): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =>
  Effect.provideService(StreamId.Tenant, tenants[tenant] ?? tenants[0])

type Work = Effect.Effect<void, EventStoreError>

/** A client at work: it does what a program says, and remembers which version it last heard of. */
export class Worker {
  readonly store: EventStore["Service"]
  readonly stocks: readonly [Stock, Stock]
  private readonly scene: Scene
  private readonly client: Client
  private readonly tuning: Tuning.Tuning
  private readonly heard = new Map<string, number>()

  constructor(scene: Scene, client: Client, tuning: Tuning.Tuning) {
    this.scene = scene
    this.client = client
    this.tuning = tuning
    this.store = scene.recorder.observe(client.store)
    this.stocks = [makeStock(scene.categories[0]), makeStock(scene.categories[1])]
  }

  readonly act = (action: Action): Work => {
    switch (action._tag) {
      case "Append":
      case "AppendAll":
      case "Send":
      case "Execute":
        return this.write(action)
      case "Burst":
        return this.atOnce(action.appends, (append) => this.write({ ...append, _tag: "Append", stream: action.stream }))
      case "Crowd":
        return this.atOnce(
          action.commands,
          (command) => this.execute({ ...command, _tag: "Execute", stream: action.stream })
        )
      case "Interrupt": {
        const { after, work } = action
        return Effect.flatMap(
          interrupted(this.act(work), after),
          (wasInterrupted) =>
            wasInterrupted && work._tag === "Send" && work.untilAnswered ? this.act(work) : Effect.void
        )
      }
      case "Transact":
        return this.transact(action.writes, action.end)
      case "Read":
        return this.read(action.stream, action.after)
      case "ReadAll":
        return this.readAll(action.tenant, action.pageSize)
      case "Kill":
        return this.scene.kill(action.session)
    }
  }

  private readonly place = (index: number) => {
    const { category, id, tenant } = streamAt(index)
    const stock = this.stocks[category]
    const key = keyOf({ tenant: tenants[tenant], category: stock.category, id })
    const known = this.heard.get(key) ?? 0
    return { id, stock, key, tenant, knownAgo: (ago: number) => Math.max(0, known - ago) }
  }

  private readonly note = () => `note ${++this.scene.notes}`

  private readonly write = (write: Write, transaction?: Transaction): Work => {
    const items = (
      parts: ReadonlyArray<Omit<Item, "events" | "eventIds"> & { readonly events: ReadonlyArray<StockEvent["_tag"]> }>
    ) => parts.map((part): Item => ({ ...part, events: part.events.map((tag) => eventOf(tag, this.note())) }))
    switch (write._tag) {
      case "Append":
        return Effect.suspend(() => this.append(items([write])))
      case "AppendAll":
        return Effect.suspend(() => this.appendAll(items(write.parts)))
      case "Send": {
        const sending = Effect.suspend(() => {
          const sent = asSent(this.scene.parcels[write.parcel] ?? this.scene.parcels[0], write, this.note)
          return sent.length === 1 ? this.append(sent) : this.appendAll(sent)
        })
        return write.untilAnswered && transaction === undefined ? Effect.retry(sending, whileUntold) : sending
      }
      case "Execute":
        return this.execute(write, transaction)
    }
  }

  private append([item]: ReadonlyArray<Item>): Work {
    if (item === undefined) return Effect.void
    const { demand, eventIds, events, stream } = item
    const { id, key, knownAgo, stock, tenant } = this.place(stream)
    return this.store.append(stock, id, events, { condition: conditionOf(demand, knownAgo), eventIds }).pipe(
      inTenant(tenant),
      Effect.catchTag("AppendConditionFailed", ({ actual }) => Effect.succeed({ version: actual })),
      Effect.map(({ version }) => void this.heard.set(key, version)),
      Effect.catchReason("EventStoreError", "EventIdTaken", () => Effect.void)
    )
  }

  private appendAll(items: ReadonlyArray<Item>): Work {
    const places: Array<ReturnType<Worker["place"]>> = []
    const appends = items.flatMap(({ demand, eventIds, events, stream }) => {
      const place = this.place(stream)
      if (place.tenant !== (places[0] ?? place).tenant || places.some(({ key }) => key === place.key)) return []
      places.push(place)
      return { source: place.stock, id: place.id, events, eventIds, condition: conditionOf(demand, place.knownAgo) }
    })
    return this.store.appendAll(appends).pipe(
      inTenant(places[0]?.tenant ?? 0),
      Effect.catchTag(
        "AppendConditionsFailed",
        ({ failures }) => Effect.succeed(failures.map(({ actual: version, stream }) => ({ stream, version })))
      ),
      Effect.map((all) => {
        for (const { stream, version } of all) this.heard.set(keyOf(stream), version)
        return undefined
      }),
      Effect.catchReason("EventStoreError", "EventIdTaken", () => Effect.void)
    )
  }

  private execute({ ago, command: tag, says, stream }: Execute, transaction?: Transaction): Work {
    const { id, key, knownAgo, stock, tenant } = this.place(stream)
    const { executions, recorder } = this.scene
    const command = commandOf(tag, this.note())
    const seen = says === "nothing" ? undefined : knownAgo(ago)
    const beganAt = recorder.now()
    const metadata = { actor: command.note }
    return stock.execute(id, command, says === "strict" ? { strict: seen, metadata } : { seen, metadata }).pipe(
      Effect.provideService(EventStore, this.store),
      Effect.provideService(Tuning.Current, this.tuning),
      inTenant(tenant),
      Effect.catch((error) => error instanceof EventStoreError ? Effect.fail(error) : Effect.succeed(error)),
      Effect.map((outcome) => {
        const endedAt = recorder.now()
        const strict = says === "strict"
        executions.push({ stream: key, command, seen, strict, transaction, beganAt, endedAt, outcome })
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

  private atOnce<A extends { readonly givenUpAfter: number | undefined }>(
    all: ReadonlyArray<A>,
    work: (one: A) => Work
  ): Work {
    return Effect.forEach(all, (one) => {
      const { givenUpAfter } = one
      const whole = Effect.suspend(() => work(one))
      return Effect.exit(givenUpAfter === undefined ? whole : interrupted(whole, givenUpAfter)).pipe(
        Effect.tap((exit) =>
          Exit.isFailure(exit) ? Effect.sync(() => this.scene.recorder.fault("one of many", exit.cause)) : Effect.void
        )
      )
    }, { concurrency: "unbounded", discard: true })
  }

  private transact(writes: ReadonlyArray<Write>, end: "commit" | "rollback"): Work {
    const transaction: Transaction = { end: end === "commit" ? "unknown" : "rolled back", endedAt: Infinity }
    const all = Effect.andThen(
      Effect.forEach(writes, (write) => this.write(write, transaction), { discard: true }),
      takeTurns
    )
    const inside = Effect.flatMap(
      CurrentlyDoing,
      (doing) => Effect.provideService(all, CurrentlyDoing, { ...doing, transaction })
    )
    const mayMeetItself = writes.some(({ _tag }) => _tag === "Send")
    return (this.client.transact?.(inside, end) ?? Effect.void).pipe(
      Effect.andThen(Effect.sync(() => {
        if (end === "commit") transaction.end = "committed"
        transaction.endedAt = this.scene.recorder.now()
      })),
      // it has met its own parcel, as somebody else sent it, and is undone
      Effect.catchIf((error) => mayMeetItself && isUntold(error), () => Effect.void)
    )
  }

  private read(index: number, after: number): Work {
    const { id, key, stock, tenant } = this.place(index)
    const beganAt = this.scene.recorder.now()
    return Effect.map(inTenant(tenant)(Stream.runCollect(this.store.read(stock, id, { after }))), (events) => {
      this.scene.readings.push({ of: key, after, events, beganAt, endedAt: this.scene.recorder.now() })
      const last = events.at(-1)
      if (last !== undefined) this.heard.set(key, last.version)
    })
  }

  private readAll(tenant: number, pageSize: number): Work {
    const beganAt = this.scene.recorder.now()
    const of = { tenant: tenants[tenant] ?? tenants[0], categories: this.scene.categories }
    return Effect.map(inTenant(tenant)(Stream.runCollect(this.store.readAll(this.stocks, { pageSize }))), (events) => {
      this.scene.readings.push({ of, after: 0, events, beganAt, endedAt: this.scene.recorder.now() })
    })
  }
}

/** Interrupts what is under way after so many turns; tells whether it had not come to its end. */
const interrupted = Effect.fnUntraced(function*(self: Work, after: number) {
  const fiber = yield* Effect.forkChild(self, { startImmediately: true })
  yield* giveWay(after)
  yield* Fiber.interrupt(fiber)
  const exit = yield* Fiber.await(fiber)
  // how a client undoes a transaction that was interrupted is its own affair
  if (Exit.hasInterrupts(exit)) return true
  yield* exit
  return false
})

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
