import { assert, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as Rebuild from "refold/Rebuild"
import { store, until } from "../postgres/fixtures/database.ts"
import { credited, freshId, makeAccount } from "../postgres/fixtures/domain.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { ledger } from "./fixtures/ledger.ts"

const rebuilder = fileURLToPath(new URL("./fixtures/rebuilder.ts", import.meta.url))

/** Starts a rebuild of version 2 as a process of the operating system, which is killed at the end at the latest. */
const startRebuild = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--conditions=@refold/source", rebuilder, ...args], {
        stdio: ["ignore", "ignore", "inherit"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const exited = (child: ChildProcess) =>
  Effect.promise(async () => child.exitCode ?? child.signalCode ?? await once(child, "exit"))

/** How often each position is in the books of a version, and among what cannot be undone. */
const makeBooks = Effect.fnUntraced(function*() {
  const sql = yield* SqlClient.SqlClient
  const name = `ledger_${freshId().replaceAll("-", "")}`
  const account = makeAccount(`Account-${name}`)
  yield* sql`create table ${sql(name)} (version integer, position bigint)`
  const positions = (version: number) =>
    Effect.map(
      sql<{ readonly position: bigint }>`select position from ${
        sql(name)
      } where version = ${version} order by position`,
      (rows) => rows.map(({ position }) => Number(position))
    )
  const append = (stream: string, ...cents: ReadonlyArray<number>) =>
    EventStore.use((store) => store.append(account, stream, cents.map(credited)))
  const log = EventStore.use((store) =>
    Effect.map(Stream.runCollect(store.readAll([account])), (events) => events.map(({ position }) => position))
  )
  return { account, append, log, mails: positions(0), name, positions, version: ledger(name, account) }
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("a projection that is rebuilt", (it) => {
  for (const outcome of ["committed", "rolled back"] as const) {
    it.effect(`takes over after the batch that the old version has in hand is ${outcome}, and does what that did not`, () =>
      Effect.gen(function*() {
        const { append, log, mails, positions, version } = yield* makeBooks()
        yield* append("a", 1)
        yield* Projection.catchUp(version(1))
        const inHand = yield* Deferred.make<void>()
        const ending = yield* Deferred.make<void, string>()
        const old = {
          ...version(1),
          handle: (...args: Parameters<ReturnType<typeof version>["handle"]>) =>
            version(1).handle(...args).pipe(
              Effect.andThen(Deferred.succeed(inHand, undefined)),
              Effect.andThen(Effect.mapError(Deferred.await(ending), (message) => new Error(message)))
            )
        }
        yield* append("a", 2)
        const worker = yield* Effect.forkChild(Effect.exit(Projection.catchUp(old)))
        yield* Deferred.await(inHand)
        const rebuild = yield* Effect.forkChild(Stream.runDrain(Rebuild.rebuild(version(2))))
        const sql = yield* SqlClient.SqlClient
        yield* until(
          "it waits for the batch",
          Effect.map(
            sql`select 1 from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0 and query like '%for update%'`,
            (rows) => rows.length > 0
          )
        )
        yield* outcome === "committed" ? Deferred.succeed(ending, undefined) : Deferred.fail(ending, "not today")
        yield* Fiber.join(rebuild)
        yield* Fiber.interrupt(worker)
        yield* Projection.catchUp(version(2))
        const all = yield* log
        assert.deepStrictEqual(yield* positions(2), all)
        assert.deepStrictEqual(yield* mails, all)
        assert.strictEqual((yield* positions(1)).length, outcome === "committed" ? 2 : 1)
      }))
  }

  it.effect(
    "goes on after its process was killed, again and again, and nothing happens twice",
    () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase
        const { append, log, mails, name, positions, version } = yield* makeBooks()
        for (const stream of ["a", "b", "c"]) yield* append(stream, ...Array.from({ length: 100 }, (_, n) => n))
        const old = yield* Effect.forkChild(Projection.run(version(1), { partitions: 2 }))
        yield* Projection.whenCaughtUp(version(1))
        for (const count of [60, 140, 220]) {
          const child = yield* startRebuild(url, name)
          const handled = Effect.map(positions(2), (all) => all.length)
          yield* until(
            `${count} are handled`,
            Effect.map(handled, (handled) => handled >= count || child.exitCode !== null)
          )
          child.kill("SIGKILL")
          yield* exited(child)
          yield* append("a", count)
        }
        yield* Stream.runDrain(Rebuild.rebuild(version(2), { partitions: 3 }))
        yield* Fiber.interrupt(old)
        yield* append("b", 1)
        yield* Projection.catchUp(version(2))
        const all = yield* log
        assert.deepStrictEqual(yield* positions(2), all)
        assert.deepStrictEqual(yield* mails, all)
      }),
    90_000
  )
})
