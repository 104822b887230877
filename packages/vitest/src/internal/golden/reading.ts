import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { Tagged } from "refold/Decider"
import type { EventCodec } from "refold/EventCodec"
import type { Example } from "./file.ts"
import { inline } from "./file.ts"

/** Why nothing here reads a version that was stored, and what to do about it; `undefined` if something does. */
export const lost = (
  { shapes }: EventCodec<Tagged>,
  type: string,
  schemaVersion: number
): string | undefined => {
  const versions = shapes.filter((shape) => shape.type === type).map((shape) => shape.schemaVersion)
  if (versions.includes(schemaVersion)) return undefined
  const what = `version ${schemaVersion} of "${type}" is read by nobody any more`
  return versions.length === 0
    ? `${what}: say under \`retired\` what has become of such events, or under \`storedAs\` which event it is now`
    : `${what}: keep its shape under \`earlier\`, and let the version that is written come after it`
}

/** How an example is read now; fails with what is wrong. */
export const read = (
  codec: EventCodec<Tagged>,
  type: string,
  schemaVersion: number,
  data: Schema.Json
): Result.Result<Example, string> => {
  const isCurrent = codec.shapes.some((shape) =>
    shape.isCurrent && shape.type === type && shape.schemaVersion === schemaVersion
  )
  const what = `version ${schemaVersion} of "${type}"`
  const cure = isCurrent
    ? `. If its shape has changed, add the old one as an earlier version: \`earlier: { … Upcast.from(1, …) }\``
    : ""
  const event = codec.decode(type, schemaVersion, data)
  if (Result.isFailure(event)) {
    return Result.fail(`${what} cannot be read: ${inline(data)}: ${event.failure}${cure}`)
  }
  const written = codec.encode(event.success)
  if (Result.isFailure(written)) return Result.fail(`${what} is read as what no event is: ${written.failure}`)
  const now: { readonly [field: string]: Schema.Json } = JSON.parse(written.success.data)
  const { _tag: tag } = event.success
  if (!isCurrent) return Result.succeed({ data, readAs: { _tag: tag, ...now } })
  return inline(now) === inline(data)
    ? Result.succeed({ data })
    : Result.fail(`${what} is written otherwise now: ${inline(data)} has become ${inline(now)}${cure}`)
}

/** In words, what is not as it was recorded. */
export const change = (type: string, schemaVersion: number, before: Example, now: Example): string | undefined => {
  const [was, is] = [before, now].map(({ data, readAs }) => inline(readAs ?? data))
  return inline(before) === inline(now)
    ? undefined
    : `version ${schemaVersion} of "${type}" is read otherwise: ${
      inline(now.data)
    }, which was read as ${was}, is now ${is}`
}
