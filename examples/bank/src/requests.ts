/** What customers ask for, as JSON lines, and what becomes of it. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { EventStore } from "refold"
import { Account, Cents, Text } from "./Account.ts"
import { Transfer } from "./Transfer.ts"

/** Done by a customer, or by many at once. */
const AtTheCounter = Schema.Struct({
  account: Text,
  command: Schema.TaggedUnion({ Open: { owner: Text }, Credit: { cents: Cents }, Debit: { cents: Cents }, Close: {} }),
  times: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })))
})
const TransferOrder = Schema.Struct({ transfer: Text, from: Text, to: Text, cents: Cents })
const Request = Schema.Union([AtTheCounter, TransferOrder])

/** A line of input. Its id follows from everything up to here, so a second run knows what an earlier one has done. */
export interface Line {
  readonly number: number
  readonly id: string
  readonly request: Result.Result<typeof Request.Type, Schema.SchemaError>
}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Request), { onExcessProperty: "error" })

/** An empty line ends a batch, whose requests are made at once. Lines that begin with `#` are comments. */
export const batches = (text: string): ReadonlyArray<ReadonlyArray<Line>> => {
  const batches: Array<Array<Line>> = [[]]
  const hash = createHash("sha256")
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith("#")) continue
    if (line.trim() === "") batches.push([])
    else {
      const id = hash.update(line.trim()).copy().digest("hex")
      batches.at(-1)?.push({ number: index + 1, id, request: decode(line) })
    }
  }
  return batches
}

/** What became of a request, in a word or two, and why. */
export type Outcome = readonly [how: string, why: string]

/** Does what a line asks for, and returns what became of it: once, unless it stands for several customers. */
export const run = ({ id, request }: Line): Effect.Effect<ReadonlyArray<Outcome>, never, EventStore.EventStore> => {
  if (Result.isFailure(request)) return Effect.succeed([["bad line", request.failure.message]])
  const asked = request.success
  if ("transfer" in asked) return Effect.map(transfer(asked), (outcome) => [outcome])
  const customers = Array.from({ length: asked.times ?? 1 }, (_, index) => `${id}/${index}`)
  return Effect.forEach(customers, (commandId) => atTheCounter(asked, commandId), { concurrency: "unbounded" })
}

const atTheCounter = ({ account, command }: typeof AtTheCounter.Type, commandId: string) =>
  Account.execute(account, command, { commandId }).pipe(
    Effect.map(({ events, repeated }): Outcome => ["done", repeated || events.length === 0 ? "already" : ""]),
    Effect.catch((error) => Effect.succeed(notDone(error)))
  )

/** Requests a transfer, and waits for its end. */
const transfer = ({ transfer: id, ...order }: typeof TransferOrder.Type) =>
  Effect.gen(function*() {
    const { position } = yield* Transfer.execute(id, { _tag: "Request", ...order })
    yield* EventStore.subscribe([Transfer], { after: position - 1 }).pipe(
      Stream.filter(({ event, stream }) => stream.id === id && event._tag !== "TransferRequested"),
      Stream.take(1),
      Stream.runDrain
    )
    const { state: { reason, status } } = yield* Transfer.load(id)
    return [status, reason] as const
  }).pipe(
    Effect.timeoutOrElse({
      duration: "30 seconds",
      orElse: () => Effect.succeed<Outcome>(["failed", "it is still under way; the next run takes it to its end"])
    }),
    Effect.catch((error) => Effect.succeed(notDone(error)))
  )

const notDone = (
  { _tag, message }: { readonly _tag: string; readonly message: string }
): Outcome => [_tag === "EventStoreError" || _tag === "RetriesExhausted" ? "failed" : "rejected", message]
