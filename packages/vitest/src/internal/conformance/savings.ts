/** A reactor that is tested in many ways, and workers that run it. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Reactor from "refold/Reactor"
import type { RecordedEvent } from "refold/RecordedEvent"
import { freshId, makeAccount } from "./fixtures.ts"
import { lease, until } from "./projections.ts"

type Credited = RecordedEvent<{ readonly _tag: "Credited" | "Debited"; readonly cents: number }>

/**
 * Whatever is credited to an account is saved: debited there, and credited to the account "savings". The owner is told by
 * mail, and of what was refused as well. The state is the cents that came in.
 */
export const makeSaving = (
  options?: {
    readonly name?: string | undefined
    readonly react?: ((saved: number, recorded: Credited) => number) | undefined
    readonly key?: ((recorded: Credited) => string | undefined) | undefined
  }
) => {
  const account = makeAccount(`Account-${freshId()}`)
  const savings = makeAccount(`Savings-${freshId()}`)
  const reactor = Reactor.make(options?.name ?? `saving-${freshId()}`, {
    from: [account],
    commands: [account, savings],
    effects: { mail: Schema.String },
    state: Schema.Int,
    initial: 0,
    key: options?.key ?? (({ event, stream }) => event._tag === "Credited" ? stream.id : undefined),
    react: (saved, recorded) => {
      const { event: { cents }, stream } = recorded
      return {
        state: options?.react?.(saved, recorded) ?? saved + cents,
        out: [
          Reactor.command(account, stream.id, { _tag: "Debit", cents }),
          Reactor.command(savings, "savings", { _tag: "Credit", cents }),
          Reactor.effect("mail", `${stream.id} saved ${cents}, ${saved} before`)
        ]
      }
    },
    refused: (saved, { command, reason }) => ({
      out: [Reactor.effect("mail", `not ${command._tag}: ${reason}, ${saved} so far`)]
    })
  })
  return { account, savings, reactor }
}

export type Saving = ReturnType<typeof makeSaving>["reactor"]

export class NoPost extends Data.TaggedError("NoPost")<{}> {}

/** Runs a reactor until the fiber is interrupted, and keeps its mails. */
export const runs = (
  reactor: Saving,
  {
    mail = () => Effect.void,
    sent = [],
    ...options
  }: Omit<Reactor.RunOptions<{}>, "effects"> & {
    readonly sent?: Array<string>
    readonly mail?: (text: string, idempotencyKey: string) => Effect.Effect<void, NoPost>
  } = {}
) =>
  Effect.forkChild(Reactor.run(reactor, {
    lease,
    retry: Schedule.recurs(0),
    ...options,
    effects: {
      mail: (text, { idempotencyKey }) =>
        Effect.andThen(mail(text, idempotencyKey), Effect.sync(() => void sent.push(text)))
    }
  }))

export const outboxOf = ({ name }: Saving) => ({ name: `${name} outbox`, version: 1 })

export const untilSent = (sent: ReadonlyArray<string>, count: number) =>
  until(`${count} mails are sent`, Effect.sync(() => sent.length >= count))
