import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import { EventStore } from "refold/EventStore"
import { startProcess, store } from "./fixtures/database.ts"
import { credited, freshId, makeAccount } from "./fixtures/domain.ts"

const account = makeAccount()

/**
 * Two other processes append to a stream, one event and three at a time, while `look` runs again and again until it has
 * seen a good many versions. Every event is a credit of one cent, so the balance must be the version.
 */
const whileOthersAppend = Effect.fnUntraced(function*<E, R>(look: (id: string) => Effect.Effect<number, E, R>) {
  const id = freshId()
  yield* EventStore.use((store) => store.append(account, id, [credited(1)]))
  for (const [actor, cents] of [["one", [1]], ["three", [1, 1, 1]]] as const) {
    const writer = yield* startProcess()
    yield* EventStore.use((store) => store.append(account, id, cents.map(credited), { metadata: { actor } })).pipe(
      Effect.forever,
      writer.run,
      Effect.forkScoped
    )
  }
  const seen = new Set<number>()
  yield* Effect.repeat(Effect.map(look(id), (version) => seen.add(version)), { until: () => seen.size >= 40 })
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("while others append to the stream", (it) => {
  it.effect("a loaded state is what its version says it is", () =>
    whileOthersAppend((id) =>
      Effect.map(account.load(id), ({ state, version }) => {
        assert.strictEqual(state, version)
        return version
      })
    ))

  it.effect("a stream is read without gaps, and no part of an append is read", () =>
    whileOthersAppend((id) =>
      Effect.gen(function*() {
        const store = yield* EventStore
        const events = yield* Stream.runCollect(store.read(account, id))
        assert.deepStrictEqual(events.map(({ version }) => version), events.map((_, index) => index + 1))
        const end = events.findLastIndex(({ metadata }) => metadata.actor !== "three") + 1
        assert.strictEqual((events.length - end) % 3, 0)
        return events.length
      })
    ))

  it.effect("an append that is refused is told the version of the last event it missed", () =>
    whileOthersAppend((id) =>
      Effect.gen(function*() {
        const store = yield* EventStore
        const refused = yield* Effect.flip(
          store.append(account, id, [credited(1)], { condition: AppendCondition.noStream })
        )
        assert.instanceOf(refused, AppendCondition.AppendConditionFailed)
        assert.deepStrictEqual(
          refused.missed.map(({ version }) => version),
          Array.from({ length: refused.actual }, (_, index) => index + 1)
        )
        return refused.actual
      })
    ))

  it.effect("an append that is accepted comes right after the last event it missed", () =>
    whileOthersAppend((id) =>
      Effect.gen(function*() {
        const store = yield* EventStore
        const known = yield* store.version(account, id)
        const appended = yield* store.append(account, id, [credited(1)], {
          condition: AppendCondition.onlySince(known, ["Credited"])
        })
        assert.deepStrictEqual(
          [...appended.missed, ...appended.events].map(({ version }) => version),
          Array.from({ length: appended.version - known }, (_, index) => known + index + 1)
        )
        return appended.version
      })
    ))
})
