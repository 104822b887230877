import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { Inbox, type Reaction, Reactor } from "refold"
import type { RetriesExhausted } from "refold/Conflict"
import type { EventStore } from "refold/EventStore"
import type { EventStoreError } from "refold/EventStoreError"
import type { PartitionsDiffer, ProjectionHalted, ProjectionStore } from "refold/ProjectionStore"
import type { RecordedEvent } from "refold/RecordedEvent"
import { describe, expectTypeOf, test } from "vitest"
import { Account, type AccountEvent, Lead, type LeadEvent } from "./fixtures.ts"

const Mail = Schema.Struct({ to: Schema.String, at: Schema.DateTimeUtc })

const greeting = Reactor.make("greeting", {
  from: [Lead, Account],
  commands: [Lead],
  effects: { mail: Mail, ping: Schema.Int },
  state: Schema.Struct({ greeted: Schema.Boolean }),
  initial: { greeted: false },
  key: ({ event }) => {
    expectTypeOf(event).toEqualTypeOf<LeadEvent | AccountEvent>()
    return undefined
  },
  react: (state, recorded) => {
    expectTypeOf(state).toEqualTypeOf<{ readonly greeted: boolean }>()
    expectTypeOf(recorded).toEqualTypeOf<RecordedEvent<LeadEvent | AccountEvent>>()
    return {
      state: { greeted: true },
      out: [
        Reactor.effect("mail", { to: "ann", at: recorded.recordedAt }),
        Reactor.command(Lead, "1", { _tag: "ChangeName", name: "Ann" }),
        Reactor.timer("later", DateTime.add(recorded.recordedAt, { days: 90 })),
        Reactor.cancelTimer("later")
      ]
    }
  },
  due: (state, timer, { at, key }) => {
    expectTypeOf(key).toEqualTypeOf<string>()
    expectTypeOf(timer).toEqualTypeOf<string>()
    expectTypeOf(at).toEqualTypeOf<DateTime.Utc>()
    return { state }
  }
})

const mail = { to: "ann", at: DateTime.makeUnsafe(0) }

describe("a reactor", () => {
  test("asks only for effects it has declared, with what they need", () => {
    const make = (out: ReadonlyArray<Reaction.Out<{ readonly mail: typeof Mail }>>) => out
    make([Reactor.effect("mail", mail)])
    // @ts-expect-error there is no such effect
    make([Reactor.effect("fax", mail)])
    // @ts-expect-error a mail needs more
    make([Reactor.effect("mail", { to: "ann" })])
  })

  test("sends commands that the aggregate takes", () => {
    Reactor.command(Lead, "1", { _tag: "ChangeStatus", status: "Open" })
    // @ts-expect-error there is no such status
    Reactor.command(Lead, "1", { _tag: "ChangeStatus", status: "Lost" })
  })

  test("needs what the handlers of its effects need; how they fail is its own affair", () => {
    const ping = () => Effect.fail("no answer" as const)
    const run = Reactor.run(greeting, {
      effects: {
        mail: (payload, { idempotencyKey }) => {
          expectTypeOf(payload).toEqualTypeOf<typeof Mail.Type>()
          expectTypeOf(idempotencyKey).toEqualTypeOf<string>()
          return SqlClient.SqlClient.use(() => Effect.void)
        },
        ping
      }
    })
    expectTypeOf<Effect.Services<typeof run>>().toEqualTypeOf<EventStore | ProjectionStore | SqlClient.SqlClient>()
    expectTypeOf<Effect.Error<typeof run>>().toEqualTypeOf<EventStoreError | PartitionsDiffer>()
    // @ts-expect-error nobody does any of them
    Reactor.run(greeting)
    // @ts-expect-error likewise
    Reactor.layer(greeting, { lease: "1 second" })
    // @ts-expect-error nobody does the pings
    Reactor.run(greeting, { effects: { mail: () => Effect.void } })
  })
})

describe("a reactor without effects", () => {
  const closing = Reactor.make("closing", {
    from: [Account],
    commands: [Lead],
    state: Schema.Null,
    initial: null,
    key: ({ stream }) => stream.id,
    react: (_, { stream }) => ({ out: [Reactor.command(Lead, stream.id, { _tag: "ChangeName", name: "Ann" })] })
  })

  test("is run without saying how they are done", () => {
    expectTypeOf(Reactor.run(closing)).toEqualTypeOf<
      Effect.Effect<never, PartitionsDiffer | EventStoreError, EventStore | ProjectionStore>
    >()
    expectTypeOf(Reactor.run(closing, { partitions: 4 })).toEqualTypeOf(Reactor.run(closing))
    expectTypeOf(Reactor.run(closing, { effects: {} })).toEqualTypeOf(Reactor.run(closing))
    expectTypeOf(Reactor.layer(closing, { onFailure: "stop" })).toEqualTypeOf<
      Layer.Layer<never, PartitionsDiffer | EventStoreError, EventStore | ProjectionStore>
    >()
    expectTypeOf(Reactor.catchUp(closing, { until: DateTime.makeUnsafe(0) })).toEqualTypeOf(Reactor.catchUp(closing))
    expectTypeOf(Reactor.catchUp(closing)).toEqualTypeOf<
      Effect.Effect<
        void,
        RetriesExhausted | PartitionsDiffer | ProjectionHalted | EventStoreError,
        EventStore | ProjectionStore
      >
    >()
  })

  test("asks for none", () => {
    Reactor.make("asking", {
      from: [Account],
      state: Schema.Null,
      initial: null,
      key: ({ stream }) => stream.id,
      // @ts-expect-error it has declared none
      react: () => ({ out: [Reactor.effect("mail", mail)] })
    })
  })
})

describe("an inbox", () => {
  const inbox = Inbox.make("inbox", [Lead])

  test("takes commands with ids, and tells what becomes of them", () => {
    const executed = Inbox.execute(inbox, Lead, "1", { _tag: "ChangeName", name: "Ann" }, { commandId: "1", seen: 3 })
    expectTypeOf<Effect.Success<typeof executed>>().toEqualTypeOf<Inbox.Outcome>()
    expectTypeOf<Effect.Error<typeof executed>>().toEqualTypeOf<EventStoreError>()
    // @ts-expect-error a command needs an id
    Inbox.submit(inbox, Lead, "1", { _tag: "ChangeName", name: "Ann" }, {})
    // @ts-expect-error the aggregate does not take it
    Inbox.submit(inbox, Lead, "1", { _tag: "Credit", cents: 1 }, { commandId: "1" })
  })

  test("knows what is known of a command", () => {
    expectTypeOf<Effect.Success<ReturnType<typeof Inbox.status>>>().toEqualTypeOf<Option.Option<Inbox.Entry>>()
    expectTypeOf<Inbox.Outcome["_tag"]>().toEqualTypeOf<"Appended" | "Rejected" | "Conflict">()
  })
})

test("a reactor that catches up fails where its effects do, and takes what they take", () => {
  const caughtUp = Reactor.catchUp(greeting, {
    effects: {
      mail: () => Effect.fail("full" as const),
      ping: () => Effect.asVoid(SqlClient.SqlClient.use((sql) => sql.reserve).pipe(Effect.scoped, Effect.orDie))
    }
  })
  expectTypeOf<Effect.Error<typeof caughtUp>>().toEqualTypeOf<
    "full" | RetriesExhausted | PartitionsDiffer | ProjectionHalted | EventStoreError
  >()
  expectTypeOf<Effect.Services<typeof caughtUp>>().toEqualTypeOf<
    SqlClient.SqlClient | EventStore | ProjectionStore
  >()
})
