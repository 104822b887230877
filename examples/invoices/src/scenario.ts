/** Commands as JSON lines, in batches: none of a batch has seen what the others of it do. */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { StreamId } from "refold"
import { Invoice, InvoiceCommand } from "./Invoice.ts"

const Request = Schema.Struct({
  tenant: Schema.NonEmptyString,
  invoice: Schema.NonEmptyString,
  by: Schema.NonEmptyString,
  seen: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  command: InvoiceCommand
})
type Request = typeof Request.Type

/** A line that is no command. */
export class BadLine extends Data.TaggedError("BadLine")<{ readonly message: string }> {}

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Request), { onExcessProperty: "error" })

/** Runs the file; commands have ids that follow from their line and place, so that a second run does nothing again. */
export const runFile = Effect.fnUntraced(function*(file: string) {
  const text = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file))
  for (const batch of batchesOf(text)) {
    const requests = yield* Effect.forEach(batch, ({ number, text }) =>
      decode(text).pipe(
        Effect.mapError(({ message }) => new BadLine({ message: `line ${number}: ${message}` })),
        Effect.flatMap(looking),
        Effect.map((request) => [request, createHash("sha256").update(`${number} ${text}`).digest("hex")] as const)
      ))
    for (const [request, commandId] of requests) yield* Console.log(yield* run(request, commandId))
  }
})

/** Who does not say which version they have seen is looking at the invoice when the batch begins. */
const looking = (request: Request) =>
  request.seen !== undefined ? Effect.succeed(request) : Invoice.load(request.invoice).pipe(
    Effect.map(({ version }) => ({ ...request, seen: version })),
    Effect.provideService(StreamId.Tenant, request.tenant)
  )

const run = ({ by, command, invoice, seen, tenant }: Request, commandId: string) =>
  Invoice.execute(invoice, command, { seen, commandId, metadata: { actor: by } }).pipe(
    Effect.map(({ events, missed, repeated, version }) =>
      repeated
        ? `done before, at version ${version}`
        : events.length === 0
        ? "nothing to do"
        : `at version ${version}${
          missed.length === 0 ? "" : `, on top of ${missed.map(({ type }) => type).join(", ")}`
        }`
    ),
    Effect.catchTags({
      Refused: ({ message }) => Effect.succeed(`refused: ${message}`),
      Conflict: ({ pairs: [pair] }) =>
        Effect.succeed(`conflict: ${pair?.theirs.metadata.actor ?? "somebody"} was faster with ${pair?.theirs.type}`)
    }),
    Effect.map((outcome) =>
      [tenant.padEnd(6), invoice.padEnd(5), by.padEnd(4), command._tag.padEnd(10), outcome].join("  ")
    ),
    Effect.provideService(StreamId.Tenant, tenant)
  )

/** An empty line ends a batch; lines that begin with `#` are comments. */
const batchesOf = (text: string): ReadonlyArray<ReadonlyArray<{ readonly number: number; readonly text: string }>> => {
  const batches: Array<Array<{ readonly number: number; readonly text: string }>> = [[]]
  for (const [index, line] of text.split("\n").entries()) {
    const text = line.trim()
    if (text === "") batches.push([])
    else if (!text.startsWith("#")) batches[batches.length - 1]!.push({ number: index + 1, text })
  }
  return batches
}
