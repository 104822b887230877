import { assert } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import * as Inbox from "refold/Inbox"
import * as Projection from "refold/Projection"
import * as Reactor from "refold/Reactor"
import type { Snapshots } from "refold/Snapshots"
import * as StreamId from "refold/StreamId"
import * as View from "refold/View"
import * as Views from "refold/Views"
import { freshId, type It, type Services } from "./fixtures.ts"

const makeNote = (category: string) =>
  Aggregate.make(category, {
    command: Schema.TaggedUnion({ Write: { text: Schema.String } }),
    event: Schema.TaggedUnion({ Written: { text: Schema.String } }),
    state: Schema.Array(Schema.String),
    initial: [],
    decide: ({ text }) => [{ _tag: "Written", text }],
    evolve: (state, { text }) => [...state, text],
    conflicts: "commutes",
    snapshots: { every: 1, version: 1 },
    unique: { text: (texts) => texts }
  })

const write = (text: string) => ({ _tag: "Write" as const, text })
const written = (text: string) => ({ _tag: "Written" as const, text })

const makeNotes = (note: ReturnType<typeof makeNote>) =>
  View.make(`${note.category} notes`, {
    version: 1,
    from: [note],
    state: Schema.Array(Schema.String),
    initial: [],
    evolve: (texts, { event }) => [...texts, event.text]
  })

/** Both tenants are new; a wall between those who have been here before is none. */
const makeTenants = () => {
  const [acme, globex] = [`acme-${freshId()}`, `globex-${freshId()}`]
  const as = (tenant: string) => Effect.provideService(StreamId.Tenant, tenant)
  return { acme, globex, asAcme: as(acme), asGlobex: as(globex) }
}

const until = <A, E, R>(self: Effect.Effect<A, E, R>, holds: (a: A) => boolean) =>
  self.pipe(
    Effect.repeat({ until: holds, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutOrElse({ duration: "20 seconds", orElse: () => Effect.die(new Error("waited in vain")) })
  )

const reasonOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.result(self), (result) => {
    const error = Result.isFailure(result) ? result.failure : undefined
    return error instanceof EventStoreError ? error.reason._tag : "none"
  })

export const tenants = (it: It) => {
  it.effect("whatever a tenant asks of the store, it is not told of another's streams of the same name", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const note = makeNote(`Note-${freshId()}`)
      const { acme, asAcme, asGlobex, globex } = makeTenants()
      const { events: [secret], position } = yield* asAcme(note.execute("1", write("secret")))
      yield* asAcme(note.execute("1", write("more")))
      const snapshots: Snapshots<ReadonlyArray<string>> = note.snapshots!
      const condition = AppendCondition.noStream
      const texts = <E>(events: Stream.Stream<{ readonly event: { readonly text: string } }, E>) =>
        Effect.map(Stream.runCollect(events), (all) => all.map(({ event }) => event.text))

      const nothing: Partial<Record<keyof typeof store, Effect.Effect<unknown, unknown>>> = {
        read: texts(store.read(note, "1")),
        resume: Effect.flatMap(
          store.resume(note, "1", { snapshot: { of: snapshots, version: undefined, at: undefined } }),
          ({ events, snapshot, version }) =>
            Effect.map(texts(events), (all) => [...all, snapshot, version].filter((found) => found))
        ),
        find: Effect.map(store.find(note, "1", secret!.id), (found) => found === undefined ? [] : [found]),
        discard: Effect.map(store.discard(note, [secret!.id]), (removed) => removed === 0 ? [] : [removed]),
        version: Effect.map(store.version(note, "1"), (version) => version === 0 ? [] : [version]),
        readAll: texts(store.readAll([note])),
        batches: texts(
          Stream.flatMap(store.batches([note], { follow: false }), ({ events }) => Stream.fromIterable(events))
        )
      }
      for (const [name, tried] of Object.entries(nothing)) assert.deepStrictEqual(yield* asGlobex(tried), [], name)
      assert.deepStrictEqual(yield* asGlobex(note.load("1")), { state: [], version: 0, position: 0 })

      const own: Partial<Record<keyof typeof store, Effect.Effect<unknown, unknown>>> = {
        append: Effect.map(store.append(note, "1", [written("one")], { condition }), ({ version }) => version),
        appendAll: Effect.map(
          store.appendAll([EventStore.appendTo(note, "2", [written("two")], { condition })]),
          ([{ version }]) => version
        ),
        subscribe: Effect.map(Stream.runCollect(Stream.take(store.subscribe([note]), 1)), ([first]) => first?.version),
        withLock: asAcme(store.withLock(note, "1", asGlobex(store.withLock(note, "1", Effect.succeed(1))))),
        saveSnapshot: Effect.as(
          store.saveSnapshot(note, "1", {
            fingerprint: snapshots.fingerprint,
            version: 1,
            position,
            recordedAt: DateTime.makeUnsafe(0),
            state: `["forged"]`
          }),
          1
        )
      }
      for (const [name, tried] of Object.entries(own)) assert.strictEqual(yield* asGlobex(tried), 1, name)
      const untried = Object.keys(store).filter((name) => !(name in nothing) && !(name in own))
      assert.deepStrictEqual(untried, ["inTransaction"])

      assert.deepStrictEqual((yield* asAcme(makeNote(note.category).load("1"))).state, ["secret", "more"])
      assert.deepStrictEqual(yield* asGlobex(texts(store.readAll([note]))), ["one", "two"])
      const all = Stream.map(store.readAll([note], { tenants: "all" }), ({ stream }) => stream.tenant)
      assert.deepStrictEqual(yield* Stream.runCollect(all), [acme, acme, globex, globex])
    }))

  it.effect("commands of two tenants on streams of the same name never meet, in line or in what is remembered", () =>
    Effect.gen(function*() {
      const note = makeNote(`Note-${freshId()}`)
      const { asAcme, asGlobex } = makeTenants()
      const both = Array.from({ length: 40 }, (_, index) => index)
      const landed = yield* Effect.forEach(
        both,
        (index) => (index % 2 === 0 ? asAcme : asGlobex)(note.execute("1", write(`${Math.floor(index / 2)}`))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(landed.map(({ version }) => version), both.map((index) => Math.floor(index / 2) + 1))
      const texts = both.slice(0, 20).map(String)
      for (const as of [asAcme, asGlobex]) assert.deepStrictEqual((yield* as(note.load("1"))).state, texts)
    }))

  it.effect("who uses an event id of another tenant is refused without being told whose it is", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const note = makeNote(`Note-${freshId()}`)
      const { asAcme, asGlobex } = makeTenants()
      const { events: [secret] } = yield* asAcme(note.execute("secret", write("secret")))
      const eventIds = [secret!.id]
      for (const [id, text] of [["secret", "secret"], ["1", "guess"]] as const) {
        const error = yield* Effect.flip(asGlobex(store.append(note, id, [written(text)], { eventIds })))
        assert.instanceOf(error, EventStoreError)
        const { reason } = error
        assert.strictEqual(reason._tag, "EventIdTaken")
        if (reason._tag === "EventIdTaken") assert.strictEqual(reason.usedAt, undefined)
        assert.notInclude(error.message, "Note-")
      }
      const told = yield* Effect.flip(asAcme(store.append(note, "1", [written("guess")], { eventIds })))
      assert.include(told.message, "for version 1 of Note-")
    }))

  it.effect("the same command id is another command for another tenant", () =>
    Effect.gen(function*() {
      const note = makeNote(`Note-${freshId()}`)
      const { asAcme, asGlobex } = makeTenants()
      const send = (text: string) => note.execute("1", write(text), { commandId: "1" })
      const landed = [yield* asAcme(send("a")), yield* asGlobex(send("b")), yield* asAcme(send("a"))]
      assert.deepStrictEqual(landed.map(({ repeated }) => repeated), [false, false, true])
      assert.deepStrictEqual(landed.map(({ events }) => events[0]!.event.text), ["a", "b", "a"])
    }))

  it.effect("the rows of a view are a tenant's own, however they are read", () =>
    Effect.gen(function*() {
      const note = makeNote(`Note-${freshId()}`)
      const notes = makeNotes(note)
      const { asAcme, asGlobex } = makeTenants()
      yield* asAcme(note.execute("1", write("secret")))
      yield* Projection.catchUp(notes)
      yield* asAcme(note.execute("2", write("late")))
      for (const consistency of ["eventual", "current"] as const) {
        assert.isTrue(Option.isNone(yield* asGlobex(Views.get(notes, "1", { consistency }))), consistency)
        assert.strictEqual((yield* asGlobex(Views.all(notes, { consistency }))).size, 0, consistency)
      }
      assert.strictEqual((yield* asGlobex(Views.live(notes))).size, 0)
      yield* asGlobex(note.execute("1", write("one")))
      yield* Projection.catchUp(notes)
      const changes = yield* asGlobex(Stream.runCollect(Stream.take(Views.changes(notes), 1)))
      assert.deepStrictEqual(changes.map(({ key, state }) => [key, state]), [["1", ["one"]]])
      assert.deepStrictEqual([...yield* asGlobex(Views.all(notes))], [["1", ["one"]]])
      assert.deepStrictEqual([...(yield* asAcme(Views.all(notes))).keys()], ["1", "2"])
    }))

  it.effect("a projection is told whose every event is", () =>
    Effect.gen(function*() {
      const note = makeNote(`Note-${freshId()}`)
      const { acme, asAcme, asGlobex, globex } = makeTenants()
      const told: Array<readonly [string, string]> = []
      yield* asAcme(note.execute("1", write("a")))
      yield* asGlobex(note.execute("1", write("b")))
      yield* asGlobex(Projection.catchUp(Projection.make(`${note.category} told`, {
        version: 1,
        from: [note],
        handle: (events) =>
          Effect.sync(() => {
            for (const { event, stream } of events) told.push([stream.tenant, event.text])
          })
      })))
      assert.deepStrictEqual(told, [[acme, "a"], [globex, "b"]])
    }))

  it.effect("an inbox takes and does the commands of each tenant by itself", () =>
    Effect.gen(function*() {
      const note = makeNote(`Note-${freshId()}`)
      const inbox = Inbox.make(`${note.category} inbox`, [note])
      const { asAcme, asGlobex } = makeTenants()
      const submit = (text: string) => Inbox.submit(inbox, note, "1", write(text), { commandId: "1" })
      const status = Inbox.status(inbox, "1")
      yield* Effect.forkScoped(Inbox.run(inbox))
      yield* asAcme(submit("secret"))
      yield* until(asAcme(Effect.orElseSucceed(status, Option.none)), (entry) =>
        Option.isSome(entry) && entry.value.outcome !== undefined)
      assert.isTrue(Option.isNone(yield* asGlobex(status)))
      yield* asGlobex(submit("other"))
      const followed = yield* asGlobex(Stream.runCollect(Inbox.follow(inbox, "1")))
      assert.deepStrictEqual(followed.at(-1)?.outcome?._tag, "Appended")
      assert.deepStrictEqual(
        new Set(followed.map(({ command }) =>
          JSON.stringify(command)
        )),
        new Set([JSON.stringify(write("other"))])
      )
      assert.deepStrictEqual((yield* asAcme(note.load("1"))).state, ["secret"])
      assert.deepStrictEqual((yield* asGlobex(note.load("1"))).state, ["other"])
    }), { timeout: 30_000 })

  it.effect("a reactor has processes of its own for each tenant, and acts in its name", () =>
    Effect.gen(function*() {
      const note = makeNote(`Note-${freshId()}`)
      const copy = makeNote(`Copy-${freshId()}`)
      const { asAcme, asGlobex } = makeTenants()
      const posted: Array<readonly [string, string]> = []
      const copier = Reactor.make(`${note.category} copier`, {
        from: [note],
        commands: [copy],
        effects: { post: Schema.String },
        state: Schema.Int,
        initial: 0,
        key: ({ stream }) => stream.id,
        react: (count, { event: { text } }) => ({
          state: count + 1,
          out: [Reactor.command(copy, "1", write(`${text} ${count + 1}`)), Reactor.effect("post", text)]
        })
      })
      yield* Effect.forkScoped(Reactor.run(copier, {
        effects: {
          post: (text) => Effect.map(StreamId.Tenant, (tenant) => void posted.push([tenant, text]))
        }
      }))
      yield* asAcme(note.execute("1", write("a")))
      yield* asGlobex(note.execute("1", write("b")))
      yield* asGlobex(note.execute("1", write("c")))
      yield* until(asGlobex(copy.load("1")), ({ version }) => version === 2)
      yield* until(asAcme(copy.load("1")), ({ version }) => version === 1)
      assert.deepStrictEqual((yield* asAcme(copy.load("1"))).state, ["a 1"])
      assert.deepStrictEqual((yield* asGlobex(copy.load("1"))).state, ["b 1", "c 2"])
      yield* until(Effect.sync(() => posted.length), (length) => length >= 3)
      assert.deepStrictEqual(
        new Set(posted.map(([tenant, text]) => `${tenant.split("-")[0]} ${text}`)),
        new Set(["acme a", "globex b", "globex c"])
      )
    }), { timeout: 30_000 })

  it.effect("one layer says whose a whole program is, and one without a tenant refuses those who forget to say", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const note = makeNote(`Note-${freshId()}`)
      const notes = makeNotes(note)
      const { acme, asAcme } = makeTenants()
      yield* note.execute("1", write("a")).pipe(Effect.provide(Layer.succeed(StreamId.Tenant, acme)))
      assert.deepStrictEqual((yield* asAcme(note.load("1"))).state, ["a"])

      const forgotten: Record<string, Effect.Effect<unknown, unknown, Services>> = {
        execute: note.execute("1", write("b")),
        load: note.load("1"),
        append: store.append(note, "1", [written("b")]),
        read: Stream.runCollect(store.read(note, "1")),
        find: store.find(note, "1", freshId()),
        readAll: Stream.runCollect(store.readAll([note])),
        subscribe: Stream.runHead(store.subscribe([note])),
        get: Views.get(notes, "1"),
        all: Views.all(notes),
        live: Views.live(notes),
        changes: Stream.runHead(Views.changes(notes)),
        withLock: note.withLock("1", Effect.void)
      }
      for (const [name, tried] of Object.entries(forgotten)) {
        const reason = yield* reasonOf(tried).pipe(Effect.provide(Layer.succeed(StreamId.Tenant, "")))
        assert.strictEqual(reason, "InvalidStreamId", name)
      }
    }))
}
