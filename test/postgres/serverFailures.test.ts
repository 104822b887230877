import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as EmbeddedPostgres from "../support/EmbeddedPostgres.ts"
import * as TestDatabase from "../support/TestDatabase.ts"
import { assertUnavailable, startProcess } from "./fixtures/database.ts"
import { close, create, credited, freshId } from "./fixtures/domain.ts"

class Server extends Context.Service<Server, EmbeddedPostgres.EmbeddedPostgres>()("refold/test/Server") {}

const settings = { ...EmbeddedPostgres.durable, max_connections: "15" }

/** A server that only this file knows of, so that it may be stopped. */
const server = Layer.effectContext(
  Effect.map(EmbeddedPostgres.make({ settings }), (server) =>
    Context.make(Server, server).pipe(
      Context.add(TestDatabase.TestDatabase, { name: "postgres", url: server.url })
    ))
)

layer(server, { excludeTestServices: true, timeout: "60 seconds" })("while the server is down or full", (it) => {
  it.effect("commands fail as unavailable, and work once it is up again", () =>
    Effect.gen(function*() {
      const server = yield* Server
      const { lead, run } = yield* startProcess()
      const id = freshId()
      yield* run(lead.execute(id, create))
      yield* server.kill("SIGQUIT")
      assertUnavailable(yield* Effect.flip(run(lead.execute(id, close))))
      assertUnavailable(yield* Effect.flip(run(lead.load(id))))
      yield* server.start
      assert.strictEqual((yield* run(lead.execute(id, close))).version, 2)
    }))

  it.effect("a subscriber waits until it is up again, and has seen every event once", () =>
    Effect.gen(function*() {
      const server = yield* Server
      const { account, run } = yield* startProcess({ store: { pollInterval: "10 millis" } })
      const append = (cents: number) => run(EventStore.use((store) => store.append(account, "1", [credited(cents)])))
      yield* append(1)
      const following = yield* Deferred.make<void>()
      const subscriber = yield* EventStore.use((store) =>
        store.subscribe([account]).pipe(
          Stream.tap(() => Deferred.succeed(following, undefined)),
          Stream.take(3),
          Stream.runCollect
        )
      ).pipe(run, Effect.forkChild)
      yield* Deferred.await(following)
      yield* server.kill("SIGQUIT")
      assertUnavailable(yield* Effect.flip(append(0)))
      yield* server.start
      yield* append(2)
      yield* append(3)
      const seen = yield* Fiber.join(subscriber)
      assert.deepStrictEqual(seen.map(({ event }) => event.cents), [1, 2, 3])
    }))

  it.effect("commands that find no connection to spare fail as unavailable, and work once there is one", () =>
    Effect.gen(function*() {
      const id = freshId()
      const { lead, run } = yield* startProcess({ client: { maxConnections: 20 } })
      yield* run(lead.execute(id, create))
      yield* Effect.gen(function*() {
        const reserve = SqlClient.SqlClient.use((sql) => sql.reserve)
        yield* Effect.flip(run(Effect.forever(reserve)))
        assertUnavailable(yield* Effect.flip(run(lead.execute(id, close))))
      }).pipe(Effect.scoped)
      assert.strictEqual((yield* run(lead.execute(id, close))).version, 2)
    }))
})
