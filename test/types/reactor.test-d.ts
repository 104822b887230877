import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { RetriesExhausted } from "refold/Conflict"
import type { EventStore } from "refold/EventStore"
import type { EventStoreError } from "refold/EventStoreError"
import type { PartitionsDiffer, ProjectionStore } from "refold/ProjectionStore"
import * as Reactor from "refold/Reactor"
import { expectTypeOf, it } from "vitest"
import { Lead } from "./fixtures.ts"

class MailError extends Data.TaggedError("MailError")<{}> {}
class Mailer extends Context.Service<Mailer, { readonly send: (to: string) => Effect.Effect<void, MailError> }>()(
  "refold/test/types/Mailer"
) {}

const Welcome = Reactor.make("Welcome", {
  from: [Lead],
  commands: [Lead],
  effects: { mail: Schema.String },
  state: Schema.Int,
  initial: 0,
  key: ({ stream }) => stream.id,
  react: (count) => ({ state: count + 1, out: [Reactor.effect("mail", "ann@example.org")] })
})

const mail = (to: string) => Mailer.use((mailer) => mailer.send(to))

it("the effects of a reactor may fail, and take services, which whoever runs it is told of", () => {
  expectTypeOf(Reactor.run(Welcome, { effects: { mail } })).toEqualTypeOf<
    Effect.Effect<never, PartitionsDiffer | EventStoreError, Mailer | EventStore | ProjectionStore>
  >()
  expectTypeOf(Reactor.catchUp(Welcome, { effects: { mail } })).toEqualTypeOf<
    Effect.Effect<
      void,
      MailError | RetriesExhausted | PartitionsDiffer | EventStoreError,
      Mailer | EventStore | ProjectionStore
    >
  >()
})

it("the payload of an effect is that of its schema, and no effect may be left out", () => {
  // @ts-expect-error: a mail goes to a string
  void Reactor.run(Welcome, { effects: { mail: (to: number) => Mailer.use((mailer) => mailer.send(String(to))) } })
  // @ts-expect-error: nobody sends the mail
  void Reactor.run(Welcome, { effects: {} })
  void Reactor.run(Welcome, {
    effects: {
      mail: (to, { idempotencyKey }) => {
        expectTypeOf(to).toEqualTypeOf<string>()
        expectTypeOf(idempotencyKey).toEqualTypeOf<string>()
        return mail(to)
      }
    }
  })
})
