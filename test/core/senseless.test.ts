/** Options that make no sense are refused at once, and not waited for. */
import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { MemoryEventStore, Projection, Projections, Rebuild } from "refold"
import { makeAccount } from "../postgres/fixtures/domain.ts"

const account = makeAccount("Account")
const projection = Projection.make("nothing", { version: 1, from: [account], handle: () => Effect.void })

const defectOf = <E, R>(effect: Effect.Effect<unknown, E, R>) =>
  Effect.map(Effect.flip(Effect.sandbox(effect)), (cause) => String(Cause.squash(cause)))

const cases = [
  [{ partitions: 0 }, "RangeError: nothing: partitions must be a whole number, 1 or more, not 0"],
  [{ partitions: 1.5 }, "RangeError: nothing: partitions must be a whole number, 1 or more, not 1.5"],
  [{ batchSize: 0 }, "RangeError: nothing: batchSize must be a whole number, 1 or more, not 0"]
] as const

it.effect.each(cases)("a projection does not run with %o", ([options, message]) =>
  Effect.gen(function*() {
    assert.strictEqual(yield* defectOf(Projection.catchUp(projection, options)), message)
    assert.strictEqual(yield* defectOf(Projection.run(projection, options)), message)
    assert.strictEqual(yield* defectOf(Stream.runDrain(Rebuild.rebuild(projection, options))), message)
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("the id of a command is not empty, as all that have none would be the same one", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(account.execute("1", { _tag: "Credit", cents: 5 }, { commandId: "" }))
    assert.include(error.message, "Account-1: Credit cannot be stored: the id of the command is empty")
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("a projection that nobody has run is not said to be paused, resumed or rewound", () =>
  Effect.gen(function*() {
    yield* Projection.catchUp(projection)
    yield* Projections.pause(projection)
    for (const misspelt of [{ name: "nothign", version: 1 }, { name: "nothing", version: 2 }]) {
      const message =
        `Error: nobody has run a projection ${misspelt.name} v${misspelt.version}: there is nothing to change`
      for (const change of [Projections.pause, Projections.resume, Projections.reset]) {
        assert.strictEqual(yield* defectOf(change(misspelt)), message)
      }
    }
    assert.deepStrictEqual((yield* Projections.list()).map(({ status }) => status), ["paused"])
  }).pipe(Effect.provide(MemoryEventStore.layer)))
