/** Commands as JSON lines: cut into lines, told apart from nonsense, and grouped into batches. */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { LeadCommand, Text } from "./Lead.ts"

/** What a line asks for: which lead, on whose behalf, and which version of it that person was looking at. */
const Request = Schema.Struct({
  lead: Schema.NonEmptyString,
  by: Text,
  seen: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  command: LeadCommand
})
export type Request = typeof Request.Type

/** A line of input. Its id follows from everything up to here, so a second run knows what an earlier one has done. */
export interface Line {
  readonly number: number
  readonly id: string
  readonly request: Result.Result<Request, string>
}

export const maxLineLength = 1_000_000

/**
 * The batches of an input: an empty line ends one, and so does a batch that is full. Lines that begin with `#` are
 * comments. `seed` keeps the ids of different inputs apart.
 */
export const batches = <E, R>(
  text: Stream.Stream<string, E, R>,
  { maxBatch, seed }: { readonly seed: string; readonly maxBatch: number }
) =>
  text.pipe(
    boundedLines,
    Stream.map((line, index) => ({ ...line, text: line.text.trim(), number: index + 1 })),
    Stream.filter(({ text }) => !text.startsWith("#")),
    Stream.mapAccum(
      (): Open => ({ id: seed, batch: [] }),
      ({ batch, id: previous }, { length, number, text }) => {
        if (text === "") return [{ id: previous, batch: [] }, full(batch)] as const
        const id = createHash("sha256").update(previous).update(text).digest("hex").slice(0, 32)
        const longer = [...batch, { number, id, request: length > maxLineLength ? tooLong(length) : parse(text) }]
        return longer.length < maxBatch
          ? [{ id, batch: longer }, []] as const
          : [{ id, batch: [] }, full(longer)] as const
      },
      { onHalt: ({ batch }) => full(batch) }
    )
  )

interface Open {
  readonly id: string
  readonly batch: ReadonlyArray<Line>
}

const full = (batch: ReadonlyArray<Line>): ReadonlyArray<ReadonlyArray<Line>> => batch.length > 0 ? [batch] : []

const tooLong = (length: number) =>
  Result.fail(`the line is ${length} characters long; at most ${maxLineLength} are read`)

const decodeRequest = Schema.decodeUnknownResult(Request, { onExcessProperty: "error", errors: "all" })

const parse = (text: string): Result.Result<Request, string> =>
  utf8(text).pipe(
    Result.flatMap(json),
    Result.flatMap(knownCommand),
    Result.flatMap((json) => Result.mapError(decodeRequest(json), (error) => error.message.slice(0, 300)))
  )

/** Bytes that mean nothing in UTF-8 were read as this character. Who means the character itself can write it as \ufffd. */
const utf8 = (text: string): Result.Result<string, string> => {
  const index = text.indexOf("\ufffd")
  return index < 0 ? Result.succeed(text) : Result.fail(`not UTF-8, from character ${index + 1} on`)
}

const json = (text: string): Result.Result<unknown, string> =>
  Result.try({ try: () => JSON.parse(text), catch: (error) => `not JSON: ${String(error)}` })

/** Says it shorter than the schema of all commands would. */
const knownCommand = (json: unknown): Result.Result<unknown, string> => {
  const tag = Predicate.hasProperty(json, "command") && Predicate.hasProperty(json.command, "_tag")
    ? json.command._tag
    : undefined
  const known = Object.keys(LeadCommand.cases)
  return typeof tag !== "string" || known.includes(tag)
    ? Result.succeed(json)
    : Result.fail(`unknown command "${tag.slice(0, 50)}"; there are ${known.join(", ")}`)
}

/** Splits at line ends and keeps no more of a line than is needed to say that it is too long. */
const boundedLines = <E, R>(text: Stream.Stream<string, E, R>) =>
  Stream.mapAccum(
    text,
    () => ({ text: "", length: 0 }),
    (open, chunk) => {
      const lines = chunk.split("\n").map((part, index) => ({
        text: (index === 0 ? open.text + part : part).slice(0, maxLineLength + 1),
        length: index === 0 ? open.length + part.length : part.length
      }))
      const rest = lines.pop()!
      return [rest, lines] as const
    },
    { onHalt: (open) => open.length > 0 ? [open] : [] }
  )
