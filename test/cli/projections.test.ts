import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import { store } from "../postgres/fixtures/database.ts"
import { credited, freshId, makeAccount } from "../postgres/fixtures/domain.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { refold } from "./support.ts"

/** A projection that fails on amounts of 13 and parks them, and the command line on its database. */
const made = Effect.gen(function*() {
  const { url } = yield* TestDatabase
  const account = makeAccount(`Account-${freshId()}`)
  const name = `sums-${freshId()}`
  const projection = Projection.make(name, {
    version: 1,
    from: [account],
    handle: (events) =>
      events.some(({ event }) => event.cents === 13) ? Effect.fail(new Error("13 is bad luck")) : Effect.void
  })
  const append = (stream: string, ...cents: ReadonlyArray<number>) =>
    EventStore.use((store) => store.append(account, stream, cents.map(credited)))
  const status = Effect.map(Projections.list(name), ([first]) => first)
  const run = (command: string, ...args: ReadonlyArray<string>) =>
    refold(["projections", command, "--postgres", url, ...args])
  return { account, append, name, projection, run, status }
})

const json = (line: string | undefined): Record<string, unknown> => JSON.parse(line ?? "")

layer(Layer.fresh(store), { excludeTestServices: true, timeout: "60 seconds" })("refold projections", (it) => {
  it.effect("list shows each version: whether it is live, its status, its lag, and what went wrong", () =>
    Effect.gen(function*() {
      const { append, name, projection, run } = yield* made
      yield* append("a", 1)
      yield* Projection.catchUp(projection)
      yield* Projection.catchUp({ ...projection, version: 2 })
      yield* append("a", 2, 3)
      const { code, stderr, stdout } = yield* run("list", name)
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
      const [head = "", ...rows] = stdout.trimEnd().split("\n")
      assert.match(head, /^projection +version +status +position +lag +behind +events\/s +parked +worker +last error$/)
      assert.strictEqual(rows.length, 2)
      assert.match(rows[0] ?? "", new RegExp(`^${name} +v1 live +running +[\\d,]+ +2 +\\d`))
      assert.match(rows[1] ?? "", new RegExp(`^${name} +v2 +running`))
      const machine = yield* run("list", name, "--json")
      const [first, second] = machine.stdout.trimEnd().split("\n").map(json)
      assert.deepInclude(first, { name, version: 1, isLive: true, status: "running", lag: 2, handled: 1, rate: 0 })
      assert.deepInclude(second, { name, version: 2, isLive: false })
    }))

  it.effect("pause and resume do so to the live version", () =>
    Effect.gen(function*() {
      const { name, projection, run, status } = yield* made
      yield* Projection.catchUp(projection)
      assert.deepInclude(yield* run("pause", name), { code: 0, stdout: `${name} v1 is paused\n` })
      assert.strictEqual((yield* status)?.status, "paused")
      assert.deepInclude(yield* run("resume", name), { code: 0, stdout: `${name} v1 goes on\n` })
      assert.strictEqual((yield* status)?.status, "running")
    }))

  it.effect("rewind, reset and drop are done after a yes only", () =>
    Effect.gen(function*() {
      const { append, name, projection, run, status } = yield* made
      const { position } = yield* append("a", 1, 2)
      yield* Projection.catchUp(projection)
      for (const [command = "", ...args] of [["rewind", name, "1"], ["reset", name], ["drop", name]]) {
        const { code, stderr } = yield* run(command, ...args)
        assert.strictEqual(code, 1)
        assert.match(stderr, /Say --yes to do it without being asked/)
        assert.strictEqual((yield* status)?.position, position)
      }
      assert.strictEqual((yield* run("rewind", name, "1", "--yes")).code, 0)
      assert.strictEqual((yield* status)?.position, 1)
      assert.strictEqual((yield* run("reset", name, "--yes")).code, 0)
      assert.strictEqual((yield* status)?.position, 0)
      assert.strictEqual((yield* run("drop", name, "--yes")).code, 0)
      assert.strictEqual(yield* status, undefined)
    }), 60_000)

  it.effect("shows what is parked, has it tried again, and gives it up", () =>
    Effect.gen(function*() {
      const { account, append, name, projection, run, status } = yield* made
      yield* append("a", 13, 1)
      const { position } = yield* append("b", 2)
      yield* Effect.forkScoped(Projection.run(projection, { onFailure: "park", retry: Schedule.recurs(0) }))
      yield* Projection.whenCaughtUp(projection)
      const { stdout } = yield* run("parked", name)
      const rows = stdout.trimEnd().split("\n").slice(1)
      assert.match(rows[0] ?? "", new RegExp(`${account.category}-a +1 +Credited +\\S+ +13 is bad luck$`))
      assert.match(rows[1] ?? "", /waits for the one before it$/)
      const parked = (yield* run("parked", name, "--json")).stdout.trimEnd().split("\n").map(json)
      assert.deepStrictEqual(parked.map(({ error }) => error), ["13 is bad luck", ""])
      assert.strictEqual((yield* run("retry", name, "--stream", `${account.category}-a`)).code, 0)
      const positions = parked.map((event) => String(event["position"]))
      assert.strictEqual((yield* run("drop-parked", name, ...positions, "--yes")).code, 0)
      assert.deepInclude(yield* status, { parked: 0, position })
    }), 60_000)

  it.effect(
    "names the projections there are if it is asked for another, and the versions if it cannot know which",
    () =>
      Effect.gen(function*() {
        const { name, projection, run } = yield* made
        yield* Projection.catchUp(projection)
        yield* Projection.catchUp({ ...projection, version: 2 })
        const unknown = yield* run("pause", "nobody")
        assert.strictEqual(unknown.code, 1)
        assert.match(unknown.stderr, new RegExp(`There is no projection "nobody"; there is .*${name}`))
        const noVersion = yield* run("pause", name, "--version", "3")
        assert.strictEqual(noVersion.code, 1)
        assert.match(noVersion.stderr, /There is 1, 2: say --version/)
        assert.strictEqual((yield* run("pause", name, "--version", "2")).stdout, `${name} v2 is paused\n`)
      }),
    60_000
  )
})
