/** Commands with ids, reactors and inboxes, in several processes, some of which are killed. */
import { assert, layer } from "@effect/vitest"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { EventStore } from "refold/EventStore"
import * as Inbox from "refold/Inbox"
import { ProjectionStore } from "refold/ProjectionStore"
import * as TestDatabase from "../support/TestDatabase.ts"
import { startProcess, store, until } from "./fixtures/database.ts"
import { credited, freshId, makeAccount } from "./fixtures/domain.ts"
import { mailbox, makeInbox, makePayback, runPayback } from "./fixtures/processes.ts"

const actor = fileURLToPath(new URL("./fixtures/actor.ts", import.meta.url))

/** Starts a process of the operating system, which is killed at the end at the latest. */
const start = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  const { url } = yield* TestDatabase.TestDatabase
  return yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--conditions=@refold/source", actor, url, ...args], {
        stdio: ["ignore", "pipe", "ignore"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
})

const kill = (child: ChildProcess) =>
  Effect.promise(async () => {
    const exit = once(child, "exit")
    child.kill("SIGKILL")
    await exit
  })

/** Starts one that stops in the middle of something, and kills it there. */
const startAndKill = Effect.fnUntraced(
  function*(what: string, name: string, before: Effect.Effect<unknown> = Effect.void) {
    const child = yield* start(what, name, "hold")
    yield* before
    const [line] = yield* Effect.promise(() => once(createInterface({ input: child.stdout }), "line"))
    assert.strictEqual(line, "here")
    yield* kill(child)
  }
)

const mailsOf = (key: string) =>
  SqlClient.SqlClient.use((sql) =>
    sql<{ readonly id: string; readonly body: string }>`select id, body from mails where key = ${key}`
  )

const eventsOf = (account: ReturnType<typeof makeAccount>, id: string) =>
  Effect.map(
    EventStore.use((store) => Stream.runCollect(store.read(account, id))),
    (events) => events.map(({ event }) => `${event._tag} ${event.cents}`)
  )

class Undone extends Data.TaggedError("Undone")<{}> {}

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("a command with an id", (it) => {
  it.effect("is not done again by whoever sends it again after its process was killed before it had the answer", () =>
    Effect.gen(function*() {
      const name = freshId()
      const { account } = makePayback(name)
      yield* startAndKill("execute", name)
      const again = yield* account.execute("ann", { _tag: "Credit", cents: 2 }, { commandId: "credit" })
      assert.isTrue(again.repeated)
      assert.strictEqual(again.version, 1)
      assert.deepStrictEqual(yield* eventsOf(account, "ann"), ["Credited 2"])
    }))

  it.effect("that two processes send at once is done by one of them, and both are told so", () =>
    Effect.gen(function*() {
      const processes = [yield* startProcess(), yield* startProcess()]
      for (let round = 0; round < 30; round++) {
        const id = freshId()
        yield* processes[0]!.run(processes[0]!.account.execute(id, { _tag: "Credit", cents: 1 }))
        // there is enough for one
        const told = yield* Effect.forEach(
          processes,
          ({ account, run }) =>
            run(account.execute(id, { _tag: "Debit", cents: 1 }, { commandId: "debit", attempts: 1_000 })),
          {
            concurrency: "unbounded"
          }
        )
        assert.deepStrictEqual(told.filter(({ repeated }) => repeated).length, 1)
        assert.deepStrictEqual(told[0]?.events, told[1]?.events)
      }
    }))

  it.effect("is part of the transaction it is sent in, and is not done again after it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const account = makeAccount()
      const id = freshId()
      const credit = account.execute(id, { _tag: "Credit", cents: 1 }, { commandId: "credit" })
      yield* Effect.flip(sql.withTransaction(Effect.andThen(credit, new Undone())))
      const { done, twice } = yield* sql.withTransaction(Effect.gen(function*() {
        return { done: yield* credit, twice: yield* credit }
      }))
      assert.deepStrictEqual([done.repeated, twice.repeated], [false, true])
      assert.isTrue((yield* credit).repeated)
      assert.deepStrictEqual(yield* eventsOf(account, id), ["Credited 1"])
    }))
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("a reactor", (it) => {
  it.effect("that is killed in the middle of an effect does it again under the same key, and nothing else twice", () =>
    Effect.gen(function*() {
      yield* mailbox
      const name = freshId()
      const { account } = makePayback(name)
      yield* EventStore.use((store) => store.append(account, name, [credited(10), credited(20)]))
      yield* startAndKill("react", name)
      assert.deepStrictEqual((yield* mailsOf(name)).map(({ body }) => body), ["credit 1"])
      const successor = yield* Effect.forkChild(runPayback(name, "successor", Effect.void))
      yield* until("everybody was reminded", Effect.map(mailsOf(name), ({ length }) => length === 5))
      const mails = yield* mailsOf(name)
      assert.deepStrictEqual(mails.map(({ body }) => body), [
        "credit 1",
        "credit 1",
        "credit 2",
        "reminder 1",
        "reminder 2"
      ])
      assert.strictEqual(mails[0]?.id, mails[1]?.id)
      assert.strictEqual(new Set(mails.map(({ id }) => id)).size, 4)
      assert.deepStrictEqual(yield* eventsOf(account, name), ["Credited 10", "Credited 20", "Debited 5", "Debited 10"])
      yield* Fiber.interrupt(successor)
    }))

  it.effect("whose timer became due while no process ran is called once, soon after processes are back", () =>
    Effect.gen(function*() {
      yield* mailbox
      const name = freshId()
      const { account } = makePayback(name)
      const { events: [event] } = yield* EventStore.use((store) => store.append(account, name, [credited(10)]))
      yield* startAndKill("react", name)
      const at = DateTime.toEpochMillis(event!.recordedAt) + 1_000
      yield* until("its instant has passed", Effect.sync(() => Date.now() > at))
      assert.notInclude((yield* mailsOf(name)).map(({ body }) => body), "reminder 1")
      yield* start("react", name)
      yield* start("react", name)
      const here = yield* Effect.forkChild(runPayback(name, "here", Effect.void))
      const reminders = Effect.map(mailsOf(name), (mails) => mails.filter(({ body }) => body === "reminder 1"))
      yield* until("the reminder is sent", Effect.map(reminders, ({ length }) => length > 0))
      // whatever comes later comes after a second one, if there were any
      yield* EventStore.use((store) => store.append(account, name, [credited(20)]))
      yield* until(
        "another one is sent",
        Effect.map(mailsOf(name), (mails) => mails.some(({ body }) => body === "reminder 2"))
      )
      assert.strictEqual((yield* reminders).length, 1)
      yield* Fiber.interrupt(here)
    }))

  it.effect("that is killed between its journal and the row of a timer has forgotten nothing, and calls it once", () =>
    Effect.gen(function*() {
      yield* mailbox
      const name = freshId()
      const { account } = makePayback(name)
      const { events: [event] } = yield* EventStore.use((store) => store.append(account, name, [credited(10)]))
      yield* startAndKill("time", name)
      const inbox = { name, version: 1 }
      const { position, rows } = yield* ProjectionStore.use((store) =>
        store.due(inbox, { by: Number.MAX_SAFE_INTEGER, limit: 1 })
      )
      assert.deepStrictEqual(rows, [])
      assert.isAtMost(position, event!.position)
      yield* start("react", name)
      const here = yield* Effect.forkChild(runPayback(name, "here", Effect.void))
      const bodies = Effect.map(mailsOf(name), (mails) => mails.map(({ body }) => body))
      yield* until("the reminder is sent", Effect.map(bodies, (all) => all.includes("reminder 1")))
      yield* EventStore.use((store) => store.append(account, name, [credited(20)]))
      yield* until("another one is sent", Effect.map(bodies, (all) => all.includes("reminder 2")))
      assert.deepStrictEqual((yield* bodies).filter((body) => body.startsWith("reminder")), [
        "reminder 1",
        "reminder 2"
      ])
      yield* Fiber.interrupt(here)
    }))
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("an inbox", (it) => {
  it.effect("whose process is killed between a command and its answer has done it once, and answers it", () =>
    Effect.gen(function*() {
      const name = freshId()
      const { account, inbox } = makeInbox(name)
      yield* Inbox.submit(inbox, account, "ann", { _tag: "Credit", cents: 5 }, { commandId: "1" })
      yield* Inbox.submit(inbox, account, "ann", { _tag: "Debit", cents: 3 }, { commandId: "2" })
      yield* startAndKill("inbox", name)
      assert.deepStrictEqual(yield* eventsOf(account, "ann"), ["Credited 5"])
      yield* start("inbox", name)
      const second = yield* Inbox.execute(inbox, account, "ann", { _tag: "Debit", cents: 3 }, { commandId: "2" })
      assert.deepInclude(second, { _tag: "Appended", version: 2 })
      const first = yield* Inbox.execute(inbox, account, "ann", { _tag: "Credit", cents: 5 }, { commandId: "1" })
      assert.deepInclude(first, { _tag: "Appended", version: 1 })
      assert.deepStrictEqual(yield* eventsOf(account, "ann"), ["Credited 5", "Debited 3"])
    }))

  it.effect("that several processes work on keeps the order of each instance, also when one of them is killed", () =>
    Effect.gen(function*() {
      const name = freshId()
      const { account, inbox } = makeInbox(name)
      const children = [yield* start("inbox", name), yield* start("inbox", name)]
      const ids = ["a", "b", "c", "d", "e", "f"]
      const amounts = Array.from({ length: 30 }, (_, n) => n + 1)
      const submit = (cents: number) =>
        Effect.forEach(
          ids,
          (id) => Inbox.submit(inbox, account, id, { _tag: "Credit", cents }, { commandId: `${id} ${cents}` }),
          {
            concurrency: "unbounded"
          }
        )
      for (const cents of amounts) {
        yield* submit(cents)
        if (cents !== 15) continue
        yield* Inbox.execute(inbox, account, "a", { _tag: "Credit", cents: 1 }, { commandId: "a 1" })
        yield* kill(children[0]!)
      }
      yield* Effect.forEach(
        ids,
        (id) => Inbox.execute(inbox, account, id, { _tag: "Credit", cents: 30 }, { commandId: `${id} 30` })
      )
      for (const id of ids) {
        assert.deepStrictEqual(yield* eventsOf(account, id), amounts.map((cents) => `Credited ${cents}`))
      }
    }))
})
