/** The test of the test: the model finds out every store that is wrong. */
import { assert, describe, it } from "@effect/vitest"
import { StoreModel } from "@refold/vitest"
import * as Effect from "effect/Effect"
import { EventStore } from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Repeats from "./brokenRepeats.ts"
import * as Broken from "./brokenStores.ts"
import * as Streams from "./brokenStreams.ts"

const check = (breakStore: Broken.Break, client?: Omit<StoreModel.Client, "store">) =>
  Effect.gen(function*() {
    const store = breakStore(yield* EventStore)
    const each = { store, ...client }
    return yield* StoreModel.check({ clients: [each, each, each], runs: 1000, patience: "300 millis" })
  }).pipe(Effect.provide(MemoryEventStore.layer))

/** Programs until it is found what is wrong, and how that is told. */
const found = (breakStore: Broken.Break, client?: Omit<StoreModel.Client, "store">) =>
  Effect.map(Effect.flip(check(breakStore, client)), ({ message, runs }) => {
    assert.isAtMost(runs, 1000)
    return message
  })

describe("a store is found out that", () => {
  const cases = {
    "checks a condition and appends in two steps": Broken.checksThenAppends,
    "lets types through that nobody has named": Broken.letsThrough,
    "loses what it has acknowledged": Broken.loses(),
    "appends twice": Broken.doubles(),
    "appends the events of one append one by one": Broken.appendsOneByOne,
    "stores a part of what it refuses": Broken.storesWhatItRefuses,
    "guesses the version that it tells when it refuses": Broken.guessesVersions,
    "forgets missed events": Broken.forgetsMissed,
    "shows a position before a lower one": Broken.showsGaps(),
    "skips what is appended between reading and following": Broken.skipsAtTheSeam,
    "shows an event twice between reading and following": Broken.repeatsAtTheSeam,
    "reads what was true a while ago": Broken.readsStale,
    "appends a repetition again": Repeats.appendsRepetitions,
    "gives events other ids than those they came with": Repeats.ignoresIds,
    "takes other content for a repetition": Repeats.takesAllForRepetitions,
    "takes what it refuses for a repetition": Repeats.takesRefusalsForRepetitions,
    "refuses what is there already": Repeats.refusesRepetitions,
    "does not say that it was there already": Repeats.deniesRepetitions,
    "keeps a half of several streams that it refuses": Streams.keepsHalf,
    "loses a half of several streams": Streams.losesHalf,
    "checks but one of several streams": Streams.checksTheFirstOnly,
    "tells but one of several refusals": Streams.tellsTheFirstOnly,
    "shows a tenant the log of another": Streams.mixesLogs,
    "takes streams of two tenants for one": Streams.mixesStreams
  }
  for (const [what, breakStore] of Object.entries(cases)) it.live(what, () => found(breakStore))

  it.live("keeps what was rolled back", () => found((store) => store, { transact: (self) => self }))
})

it.live("a failure tells the program, what is wrong with its outcome, and how to repeat it", () =>
  Effect.gen(function*() {
    const message = yield* found(Broken.doubles())
    assert.include(message, "of it there is")
    assert.match(message, /fiber 1 of client \d\n {2}\w/)
    assert.match(message, /Replay: \[/)
  }))

it.live("the same seed makes the same programs", () =>
  Effect.gen(function*() {
    const figures = (seed: number) =>
      EventStore.use((store) => StoreModel.check({ clients: [{ store }], runs: 10, seed })).pipe(
        Effect.provide(MemoryEventStore.layer)
      )
    assert.deepStrictEqual(yield* figures(1), yield* figures(1))
    assert.notDeepEqual(yield* figures(1), yield* figures(2))
  }))
