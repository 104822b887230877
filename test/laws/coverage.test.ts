/** What has been seen is counted, and what has not been seen is not said to hold. */
import { assert, describe, it } from "@effect/vitest"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import { account, conflicts, decide, evolve } from "./account.ts"

const headlines = ({ broken }: AggregateLaws.LawsBroken) => broken.map(({ headline }) => headline)

const Amount = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 }))

/** A safe that opens to one number, which nobody comes upon by chance; and once it is open, it can be emptied and locked. */
const safe = (table: "collides" | "commutes") =>
  Aggregate.make("Safe", {
    command: Schema.TaggedUnion({ Turn: { to: Amount }, Empty: {}, Knock: {} }),
    event: Schema.TaggedUnion({ Opened: {}, Emptied: {}, Knocked: {} }),
    state: Schema.Struct({ open: Schema.Boolean, empty: Schema.Boolean }),
    initial: { open: false, empty: false },
    decide: (command, { empty, open }) => {
      switch (command._tag) {
        case "Turn":
          return command.to === 777_777 && !open ? [{ _tag: "Opened" }] : Result.fail("nothing moves")
        case "Empty":
          return open && !empty ? [{ _tag: "Emptied" }] : Result.fail("there is nothing to be had")
        case "Knock":
          return [{ _tag: "Knocked" }]
      }
    },
    evolve: (state, { _tag }) =>
      _tag === "Opened" ? { ...state, open: true } : _tag === "Emptied" ? { ...state, empty: true } : state,
    conflicts: { Opened: table, Emptied: table, Knocked: "commutes" }
  })

describe("commands that are never accepted", () => {
  it.live("fail the run, which says what to supply", () =>
    Effect.gen(function*() {
      const broken = yield* Effect.flip(AggregateLaws.check(safe("collides"), { seed: 1, histories: 50 }))
      assert.match(headlines(broken)[0] ?? "", /^Turn was never accepted: tried \d+ times\.$/)
      assert.include(broken.message, "commands: { Turn: Arbitrary… }")
      assert.include(broken.message, "Opened never happened")
      assert.strictEqual(broken.coverage?.commands[0]?.accepted, 0)
    }))

  it.live("are, with values of the user's", () =>
    Effect.gen(function*() {
      const { coverage } = yield* AggregateLaws.check(safe("collides"), {
        histories: 100,
        commands: { Turn: Arbitrary.Constant({ _tag: "Turn", to: 777_777 }) }
      })
      assert.isAbove(coverage.commands[0]?.accepted ?? 0, 0)
      const pair = coverage.pairs.find(({ mine, theirs }) => mine === "Emptied" && theirs === "Opened")
      assert.isTrue(pair?.exclusive)
      assert.isAbove(pair?.tried ?? 0, 200)
    }))
})

describe("two events that never met", () => {
  /** A height to be raised once, and to be signed at; before that, only at a number which nobody comes upon. */
  const rare = (verdict: "collides" | "commutes") =>
    Aggregate.make("Rare", {
      command: Schema.TaggedUnion({ Raise: { to: Amount }, Sign: { at: Amount } }),
      event: Schema.TaggedUnion({ Raised: { to: Amount }, Signed: {} }),
      state: Schema.Int,
      initial: 0,
      decide: (command, height) =>
        command._tag === "Raise"
          ? height === 0 ? [{ _tag: "Raised", to: command.to }] : Result.fail("it is up")
          : height === command.at || command.at === 123_457
          ? [{ _tag: "Signed" }]
          : Result.fail("it is not there"),
      evolve: (height, event) => event._tag === "Raised" ? event.to : height,
      conflicts: { Raised: "collides", Signed: { collides: ["Signed"], [verdict]: ["Raised"] } }
    })

  it.live("fail the run if they are said to commute", () =>
    Effect.gen(function*() {
      const broken = yield* Effect.flip(AggregateLaws.check(rare("commutes"), { seed: 3, histories: 4 }))
      assert.match(headlines(broken)[0] ?? "", /^Signed and Raised never met: in \d+ tries of Sign where Raised was/)
      assert.include(broken.message, `declare  Signed: { collides: ["Raised"] }`)
    }))

  it.live("need not meet if they collide", () => AggregateLaws.check(rare("collides"), { seed: 3, histories: 4 }))
})

it.live("an event that no command decides any more may be retired", () =>
  Effect.gen(function*() {
    const unused = account({
      decide: (command, state) => command._tag === "Rename" ? Result.succeed([]) : decide(command, state)
    })
    const broken = yield* Effect.flip(AggregateLaws.check(unused, { histories: 50 }))
    assert.deepStrictEqual(headlines(broken), ["Renamed never happened: no command that was tried decides it."])
    yield* AggregateLaws.check(unused, { histories: 50, retired: ["Renamed"] })
  }))

describe("a table with conditions", () => {
  const byNote = (condition: (a: string, b: string) => boolean) =>
    account({
      evolve: (state, event) =>
        event._tag === "Deposited"
          ? {
            ...evolve(state, event),
            notes: [...state.notes.filter((note) => note !== event.note), event.note].toSorted()
          }
          : evolve(state, event),
      conflicts: {
        ...conflicts,
        Deposited: {
          collides: { Opened: true, Deposited: (mine, theirs) => condition(mine.note, theirs.note) },
          redecides: ["Closed"]
        }
      }
    })

  it.live("is held to what it says of two events", () =>
    Effect.gen(function*() {
      const { stricter } = yield* AggregateLaws.check(byNote((a, b) => a === b), { histories: 100 })
      assert.isFalse(stricter.some(({ mine, theirs }) => mine === "Deposited" && theirs === "Deposited"))
    }))

  it.live("has to let go now and then", () =>
    Effect.gen(function*() {
      const broken = yield* Effect.flip(AggregateLaws.check(byNote(() => true), { histories: 50 }))
      assert.deepStrictEqual(headlines(broken), [
        "Deposited and Deposited met only where the condition of the table lets them collide."
      ])
    }))
})

it.live("the same seed sees the same, and another one something else", () =>
  Effect.gen(function*() {
    const seen = (seed: string) => AggregateLaws.check(account(), { seed, histories: 50 })
    assert.deepStrictEqual(yield* seen("a"), yield* seen("a"))
    assert.notDeepEqual((yield* seen("a")).coverage, (yield* seen("b")).coverage)
  }))

it.live("a seed is taken at random, and told", () =>
  Effect.gen(function*() {
    const [a, b] = [
      yield* AggregateLaws.check(account(), { histories: 100 }),
      yield* AggregateLaws.check(account(), { histories: 100 })
    ]
    assert.notStrictEqual(a.seed, b.seed)
  }))

it.live("commands of more weight come sooner: closed again and again, accounts have short histories", () =>
  Effect.gen(function*() {
    const length = (weight: number) =>
      Effect.map(
        AggregateLaws.check(account(), { seed: 1, histories: 100, weights: { Close: weight } }),
        ({ coverage }) => coverage.states / coverage.histories
      )
    assert.isBelow(yield* length(50), yield* length(0.01))
  }))

it.live("a run can be interrupted, and leaves the clock and chance as they were", () =>
  Effect.gen(function*() {
    const { Date: date, Math: { random }, performance: { now } } = globalThis
    const today = Date.now
    const fiber = yield* Effect.forkChild(AggregateLaws.check(account(), { histories: 1_000_000 }))
    yield* Effect.yieldNow
    yield* Fiber.interrupt(fiber)
    assert.strictEqual(globalThis.Date, date)
    assert.strictEqual(Date.now, today)
    assert.strictEqual(Math.random, random)
    assert.strictEqual(performance.now, now)
  }))

it.live("what was seen can be shown", () =>
  Effect.gen(function*() {
    const text = AggregateLaws.toText(yield* AggregateLaws.check(account(), { seed: 7, histories: 50 }))
    assert.match(text, /^BankAccount, seed 7: \d+ histories, \d+ states\n/)
    assert.match(text, /\ncommand +tried +accepted +rejected +unchanged\nOpen +\d/)
    assert.match(text, /\nevent +decided +met Opened +met Deposited/)
    assert.match(text, /Never in the same state:\n( .*\n)* {2}Closed and Withdrawn, tried [\d,]+ times/)
  }))
