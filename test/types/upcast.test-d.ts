import * as Schema from "effect/Schema"
import { Aggregate, EventCodec, Upcast } from "refold"
import { describe, expectTypeOf, test } from "vitest"

const Event = Schema.TaggedUnion({
  Deposited: { cents: Schema.Int, currency: Schema.Literals(["EUR", "USD"]), note: Schema.optionalKey(Schema.String) },
  AddressChanged: { lines: Schema.Array(Schema.String) },
  Closed: {}
})

const shared = {
  command: Schema.TaggedUnion({ Close: {} }),
  event: Event,
  state: Schema.Int,
  initial: 0,
  decide: () => [],
  evolve: (state: number) => state,
  conflicts: "collides"
} as const

describe("a chain of earlier shapes", () => {
  test("gives every step the value of the shape before it", () => {
    Aggregate.make("Account", {
      ...shared,
      earlier: {
        Deposited: Upcast
          .from(1, { amount: Schema.Finite, at: Schema.optionalKey(Schema.DateTimeUtc) })
          .to(2, { cents: Schema.Int }, (v1) => {
            expectTypeOf(v1.amount).toEqualTypeOf<number>()
            expectTypeOf(v1).toHaveProperty("at")
            return { cents: Math.round(v1.amount * 100) }
          })
          .toCurrent(3, (v2) => {
            expectTypeOf(v2).toEqualTypeOf<{ readonly cents: number }>()
            return { cents: v2.cents, currency: "EUR" }
          })
      }
    })
  })

  test("may begin with a schema", () => {
    const Old = Schema.TaggedUnion({ Deposited: { amount: Schema.Finite } })
    Upcast.from(1, Old.cases.Deposited).toCurrent(2, (v1) => {
      expectTypeOf(v1).toEqualTypeOf<{ readonly _tag: "Deposited"; readonly amount: number }>()
      return {}
    })
    Upcast.from(1, Schema.Union([Schema.Struct({ a: Schema.String }), Schema.Struct({ b: Schema.String })]))
      .toCurrent(2, (v1) => {
        expectTypeOf(v1).toEqualTypeOf<{ readonly a: string } | { readonly b: string }>()
        return {}
      })
  })

  test("must come to the next shape, and in the end to the event as it is", () => {
    const { from } = Upcast
    // @ts-expect-error: not what version 2 is
    from(1, { amount: Schema.Finite }).to(2, { cents: Schema.Int }, ({ amount }) => ({ cents: `${amount}` }))
    Aggregate.make("Account", {
      ...shared,
      // @ts-expect-error: no currency
      earlier: { Deposited: from(1, { cents: Schema.Int }).toCurrent(2, ({ cents }) => ({ cents })) }
    })
    Aggregate.make("Account", {
      ...shared,
      earlier: {
        // @ts-expect-error: no such currency
        Deposited: from(1, { cents: Schema.Int }).toCurrent(2, ({ cents }) => ({ cents, currency: "CHF" }))
      }
    })
    Aggregate.make("Account", {
      ...shared,
      // @ts-expect-error: it does not end
      earlier: { Deposited: from(1, { cents: Schema.Int }) }
    })
    Aggregate.make("Account", {
      ...shared,
      // @ts-expect-error: no such event
      earlier: { Withdrawn: from(1, {}).toCurrent(2, () => ({})) }
    })
  })

  test("has no gaps in its versions", () => {
    const { from } = Upcast
    // @ts-expect-error: it begins with 1
    void from(2, {})
    // @ts-expect-error: 2 is missing
    void from(1, {}).to(3, {}, () => ({}))
    // @ts-expect-error: 2 is there twice
    void from(1, {}).to(2, {}, () => ({})).toCurrent(2, () => ({}))
    void from(1, {}).to(2, {}, () => ({})).to(3, {}, () => ({})).toCurrent(4, () => ({}))
  })

  test("needs no services to be read", () => {
    interface Service {
      readonly _: unique symbol
    }
    const needy = Schema.String as Schema.Codec<string, string, Service>
    // @ts-expect-error: a service is missing
    void Upcast.from(1, { needy })
  })
})

describe("an event that is gone", () => {
  test("becomes another, as that is now", () => {
    Aggregate.make("Account", {
      ...shared,
      retired: {
        Moved: Upcast.from(1, { street: Schema.String }).becomes(
          "AddressChanged",
          ({ street }) => ({ lines: [street] })
        ),
        Ended: Upcast.from(1, {}).becomes("Closed", () => ({}))
      }
    })
    Aggregate.make("Account", {
      ...shared,
      retired: {
        // @ts-expect-error: no such event
        Moved: Upcast.from(1, {}).becomes("Relocated", () => ({}))
      }
    })
    Aggregate.make("Account", {
      ...shared,
      retired: {
        // @ts-expect-error: not what that event has
        Moved: Upcast.from(1, { street: Schema.String }).becomes("AddressChanged", ({ street }) => ({ street }))
      }
    })
    Aggregate.make("Account", {
      ...shared,
      retired: {
        // @ts-expect-error: it does not say what it becomes
        Moved: Upcast.from(1, {}).toCurrent(2, () => ({}))
      }
    })
  })
})

test("a codec that reads earlier shapes has the events of today", () => {
  const codec = EventCodec.make(Event, {
    storedAs: { Deposited: "Paid" },
    earlier: { Closed: Upcast.from(1, { reason: Schema.String }).toCurrent(2, () => ({})) }
  })
  expectTypeOf(codec).toEqualTypeOf<EventCodec.EventCodec<typeof Event.Type>>()
  expectTypeOf(codec.shapes[0]!.tag).toEqualTypeOf<"Deposited" | "AddressChanged" | "Closed">()
})
