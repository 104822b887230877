/** What a reactor may not ask for is refused when it asks, by a message that names it. */
import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { EventStore, MemoryEventStore, Reactor } from "refold"
import { credited, makeAccount } from "../postgres/fixtures/domain.ts"

const account = makeAccount("Account")
const other = makeAccount("Other")
const mail = Schema.Struct({ to: Schema.NonEmptyString })

const cases = [
  [
    "a command to nobody",
    Reactor.command(other, "1", { _tag: "Credit", cents: 1 }),
    "sends a command to Other, which is not"
  ],
  [
    "an effect of another shape",
    Reactor.effect("mail", { to: "" }),
    "asks for the effect mail that does not fit its schema"
  ],
  [
    "a timer that nobody hears of",
    Reactor.timer("late", DateTime.makeUnsafe(0)),
    "sets the timer late, and has no `due`"
  ]
] as const

it.effect.each(cases)("%s", ([, out, message]) =>
  Effect.gen(function*() {
    const reactor = Reactor.make("careless", {
      from: [account],
      effects: { mail },
      state: Schema.Null,
      initial: null,
      key: ({ stream }) => stream.id,
      react: () => ({ out: [out] })
    })
    yield* EventStore.append(account, "1", [credited(5)])
    const cause = yield* Effect.flip(Effect.sandbox(Reactor.catchUp(reactor, { effects: { mail: () => Effect.void } })))
    assert.include(Cause.pretty(cause), `careless ${message}`)
  }).pipe(Effect.provide(MemoryEventStore.layer)))
