import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"

/** The first line of an archive. */
export const header = `{"archive":"refold events","format":1}`

/** An event as a line has it; data and metadata stay text, as they may hold numbers that JavaScript has not. */
export interface ArchivedEvent {
  readonly position: number
  readonly tenant: string
  readonly category: string
  readonly stream: string
  readonly version: number
  readonly id: string
  readonly type: string
  readonly schemaVersion: number
  readonly recordedAt: string
  readonly data: string
  readonly metadata: string
}

/** The last line of an archive, without which it is not whole. */
export interface Footer {
  readonly events: number
  /** How many versions of its streams are not there, because their events were discarded. */
  readonly missing: number
}

export const footer = ({ events, missing }: Footer): string =>
  JSON.stringify(missing === 0 ? { events } : { events, missing })

export class BadLine extends Data.TaggedError("BadLine")<{ readonly problem: string }> {}

/** An event, or the end of the archive. */
export const parse = (line: string): Result.Result<ArchivedEvent | Footer, BadLine> => {
  const parsed = tryParse(line)
  if (!Predicate.isObject(parsed)) return bad("is no JSON object")
  if (Predicate.hasProperty(parsed, "events") && isWhole(parsed.events)) {
    const missing = Predicate.hasProperty(parsed, "missing") ? parsed.missing : 0
    return isWhole(missing) ? Result.succeed({ events: parsed.events, missing }) : bad("is no end of an archive")
  }
  const { category, data, id, metadata, position, recordedAt, schemaVersion, stream, tenant, type, version }: Record<
    string,
    unknown
  > = { ...parsed }
  if (
    !isWhole(position) || !isWhole(version) || !isWhole(schemaVersion) || typeof tenant !== "string" ||
    typeof category !== "string" || typeof stream !== "string" || typeof type !== "string" || typeof id !== "string" ||
    typeof recordedAt !== "string" || data === undefined || metadata === undefined
  ) {
    return bad("is no event of an archive")
  }
  const texts = split(line)
  return texts === undefined
    ? bad("does not end with data and metadata")
    : Result.succeed({ position, tenant, category, stream, version, id, type, schemaVersion, recordedAt, ...texts })
}

const bad = (problem: string) => Result.fail(new BadLine({ problem }))

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)

const tryParse = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** Data and metadata to the letter. They come last; what is before them are plain values. */
const split = (line: string): { readonly data: string; readonly metadata: string } | undefined => {
  let at = 1
  while (at < line.length && !line.startsWith(dataKey, at)) at = endOf(line, at) + 1
  const from = at + dataKey.length
  const end = endOf(line, from)
  return line.startsWith(metadataKey, end + 1) && line.endsWith("}")
    ? { data: line.slice(from, end), metadata: line.slice(end + 1 + metadataKey.length, -1) }
    : undefined
}

const dataKey = `"data":`
const metadataKey = `"metadata":`

/** Where a value of valid JSON ends: at the first comma outside of strings, arrays and objects. */
const endOf = (line: string, from: number): number => {
  let depth = 0
  for (let at = from; at < line.length; at++) {
    const character = line[at]
    if (character === "\"") {
      while (line[++at] !== "\"") if (line[at] === "\\") at++
    } else if (character === "{" || character === "[") depth++
    else if (character === "}" || character === "]") depth--
    else if (character === "," && depth === 0) return at
  }
  return line.length
}
