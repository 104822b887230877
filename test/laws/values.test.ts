/** The laws look into whatever a schema can describe: nothing of it is taken for a fault, and none of it may be changed. */
import { assert, describe, it } from "@effect/vitest"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"

class Money extends Schema.Class<Money>("Money")({ amount: Schema.BigDecimal, currency: Schema.String }) {}

const State = Schema.Struct({
  at: Schema.Date,
  when: Schema.Option(Schema.DateTimeUtc),
  price: Money,
  seats: Schema.ReadonlyMap(Schema.String, Schema.Int),
  names: Schema.ReadonlySet(Schema.String),
  stock: Schema.HashMap(Schema.String, Schema.Int),
  big: Schema.BigInt,
  note: Schema.optional(Schema.String)
})
type State = typeof State.Type

const changes = {
  Dated: { at: Schema.Date },
  Timed: { when: Schema.Option(Schema.DateTimeUtc) },
  Priced: { price: Money },
  Seated: { name: Schema.String, count: Schema.Int },
  Named: { name: Schema.String },
  Stocked: { sku: Schema.String, count: Schema.Int },
  Counted: { big: Schema.BigInt },
  Noted: { note: Schema.optional(Schema.String) }
}
const Event = Schema.TaggedUnion(changes)
type Event = typeof Event.Type

const evolve = (state: State, event: Event): State => {
  switch (event._tag) {
    case "Dated":
      return { ...state, at: event.at }
    case "Timed":
      return { ...state, when: Option.map(event.when, DateTime.startOf("day")) }
    case "Priced":
      return { ...state, price: event.price }
    case "Seated":
      return { ...state, seats: new Map([...state.seats, [event.name, event.count]]) }
    case "Named":
      return { ...state, names: new Set([...state.names, event.name]) }
    case "Stocked":
      return { ...state, stock: HashMap.set(state.stock, event.sku, event.count) }
    case "Counted":
      return { ...state, big: state.big + event.big }
    case "Noted":
      return { ...state, note: event.note }
  }
}

/** What is decided is what was asked for. */
const things = (change: (state: State, event: Event) => State = evolve) =>
  Aggregate.make("Things", {
    command: Event,
    event: Event,
    state: State,
    initial: {
      at: new Date(0),
      when: Option.none(),
      price: new Money({ amount: BigDecimal.fromBigInt(1n), currency: "EUR" }),
      seats: new Map(),
      names: new Set<string>(),
      stock: HashMap.empty(),
      big: 0n
    },
    decide: (command) => [command],
    evolve: change,
    conflicts: {
      Dated: { collides: ["Dated"] },
      Timed: { collides: ["Timed"] },
      Priced: { collides: ["Priced"] },
      Seated: { collides: { Seated: (mine, theirs) => mine.name === theirs.name } },
      Named: {},
      Stocked: { collides: { Stocked: (mine, theirs) => mine.sku === theirs.sku } },
      Counted: {},
      Noted: { collides: ["Noted"] }
    }
  })

it.live("dates, maps, classes and the like obey the laws as numbers do", () =>
  Effect.gen(function*() {
    for (const seed of [1, 2, 3]) yield* AggregateLaws.check(things(), { seed, histories: 100 })
  }))

describe("it is found out when evolve changes", () => {
  const cases: { readonly [What in "a date" | "a map" | "a set" | "an instance of a class"]: typeof evolve } = {
    "a date": (state, event) => {
      if (event._tag === "Dated") state.at.setTime(event.at.getTime())
      return evolve(state, event)
    },
    "a map": (state, event) => {
      if (event._tag === "Seated" && state.seats instanceof Map) state.seats.set(event.name, event.count)
      return evolve(state, event)
    },
    "a set": (state, event) => {
      if (event._tag === "Named" && state.names instanceof Set) state.names.add(event.name)
      return evolve(state, event)
    },
    "an instance of a class": (state, event) => {
      if (event._tag === "Priced") Object.assign(state.price, { currency: event.price.currency })
      return evolve(state, event)
    }
  }
  for (const [what, change] of Object.entries(cases)) {
    it.live(what, () =>
      Effect.gen(function*() {
        const { broken } = yield* Effect.flip(AggregateLaws.check(things(change), { seed: 1, histories: 20 }))
        assert.match(broken[0]?.headline ?? "", /^evolve\(\w+\) changes the state it is given\.$/)
      }))
  }
})
