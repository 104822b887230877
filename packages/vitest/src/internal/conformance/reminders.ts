/** A reactor that does nothing but set timers, and workers that run it. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Projection from "refold/Projection"
import * as Reactor from "refold/Reactor"
import { freshId, makeAccount } from "./fixtures.ts"
import { until } from "./projections.ts"

export const debited = { _tag: "Debited" as const, cents: 0 }

/**
 * A reminder is due so many milliseconds after a credit as it has cents, or moved there; a debit takes it back. A second
 * one, "late", is due ten years after.
 */
export const makeReminding = () => {
  const account = makeAccount(`Account-${freshId()}`)
  const reactor = Reactor.make(`reminding-${freshId()}`, {
    from: [account],
    effects: { mail: Schema.String },
    state: Schema.Int,
    initial: 0,
    key: ({ stream }) => stream.id,
    react: (_, { event, recordedAt }) => ({
      out: event._tag === "Debited" ? [Reactor.cancelTimer("reminder")] : [
        Reactor.timer("reminder", DateTime.add(recordedAt, { milliseconds: event.cents })),
        Reactor.timer("late", DateTime.add(recordedAt, { years: 10 }))
      ]
    }),
    due: (fired, timer, { at }) => ({
      state: fired + 1,
      out: [Reactor.effect("mail", `${timer} ${fired + 1} at ${DateTime.toEpochMillis(at)}`)]
    })
  })
  return { account, reactor }
}

/** Nobody is to lose one by being slow, and do an effect again. */
export const lease = "5 seconds"

/** Keeps mails with the keys of their processes. */
export const sends = (sent: Array<readonly [key: string, text: string]>) => ({
  mail: (text: string, { key }: { readonly key: string }) => Effect.sync(() => void sent.push([key, text]))
})

/** Runs a reactor until the fiber is interrupted, and keeps its mails with the keys of their processes. */
export const runs = (
  reactor: ReturnType<typeof makeReminding>["reactor"],
  sent: Array<readonly [key: string, text: string]>,
  options?: Projection.RunOptions
) =>
  Effect.forkChild(Reactor.run(reactor, {
    lease,
    ...options,
    retry: Schedule.recurs(0),
    effects: sends(sent)
  }))

export const untilSent = (sent: ReadonlyArray<unknown>, count: number) =>
  until(`${count} mails are sent`, Effect.sync(() => sent.length >= count))

/** Everything that was written down has been followed up. */
export const settled = Effect.fnUntraced(function*({ name }: { readonly name: string }) {
  yield* Projection.whenCaughtUp({ name, version: 1 })
  yield* Projection.whenCaughtUp({ name: `${name} outbox`, version: 1 })
})
