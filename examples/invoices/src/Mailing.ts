/** An invoice that is sent goes out by e-mail, once. */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createTransport } from "nodemailer"
import { Reactor } from "refold"
import { Invoice } from "./Invoice.ts"

const Mail = Schema.Struct({ to: Schema.String, subject: Schema.String, text: Schema.String })
export type Mail = typeof Mail.Type

export const amount = (cents: number, currency: string): string => `${(cents / 100).toFixed(2)} ${currency}`

export const mailing = Reactor.make("invoice-mailing", {
  from: [Invoice],
  effects: { mail: Mail },
  state: Schema.Null,
  initial: null,
  key: ({ stream }) => stream.id,
  react: (_state, { event, stream: { id } }) =>
    event._tag !== "InvoiceSent" ? {} : {
      out: [
        Reactor.effect("mail", {
          to: event.to,
          subject: `Invoice ${id}`,
          text: `Please find our invoice ${id} over ${amount(event.cents, event.currency)}.`
        })
      ]
    }
})

export class MailFailed extends Data.TaggedError("MailFailed")<{ readonly message: string }> {}

/** Hands a mail over. `key` is the same when the same mail comes again: it becomes the Message-ID, by which servers can tell. */
export class Mailer extends Context.Service<Mailer, {
  readonly send: (mail: Mail, key: string) => Effect.Effect<void, MailFailed>
}>()("invoices/Mailer") {}

/** Runs for as long as the layer lives. */
export const layer = Reactor.layer(mailing, {
  partitions: 2,
  onFailure: "park",
  effects: {
    mail: (mail, { idempotencyKey }) => Effect.flatMap(Mailer, (mailer) => mailer.send(mail, idempotencyKey))
  }
})

/** Over SMTP, to the server at `SMTP_URL`. */
export const smtp = Layer.effect(
  Mailer,
  Effect.gen(function*() {
    const transport = createTransport(Redacted.value(yield* Config.Redacted("SMTP_URL")))
    return {
      send: (mail, key) =>
        Effect.tryPromise({
          try: () =>
            transport.sendMail({
              ...mail,
              from: "invoices@example.org",
              messageId: `<${key.replace("/", ".")}@invoices.example.org>`
            }),
          catch: (error) => new MailFailed({ message: String(error) })
        })
    }
  })
)
