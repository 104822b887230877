import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { maxDataBytes } from "../../EventCodec.ts"
import type { Snapshots } from "../../Snapshots.ts"
import { hash } from "../fingerprint.ts"

type State = Readonly<Record<string, unknown>>

/**
 * Each part saved as it would be alone; `undefined` if one of them is not. The fingerprint depends on all of theirs, so a
 * part that no longer trusts what was saved has the whole folded again.
 */
export const make = (
  parts: ReadonlyArray<readonly [name: string, snapshots: Snapshots<unknown> | undefined]>
): Snapshots<State> | undefined => {
  const all = parts.flatMap(([name, snapshots]) => snapshots === undefined ? [] : [{ name, snapshots }])
  if (all.length === 0 || all.length < parts.length) return undefined
  const ordered = all.toSorted((one, other) => one.name < other.name ? -1 : 1)
  return {
    every: Math.min(...all.map(({ snapshots }) => snapshots.every)),
    fingerprint: hash(JSON.stringify(ordered.map(({ name, snapshots }) => [name, snapshots.fingerprint]))),
    encode: (state) => {
      const texts: Array<string> = []
      for (const { name, snapshots } of all) {
        const encoded = snapshots.encode(state[name])
        if (Result.isFailure(encoded)) return Result.fail(`${name}: ${encoded.failure}`)
        texts.push(`${JSON.stringify(name)}:${encoded.success}`)
      }
      const text = `{${texts.join()}}`
      return text.length * 3 > maxDataBytes && new TextEncoder().encode(text).length > maxDataBytes
        ? Result.fail(`its parts are together longer than the ${maxDataBytes} bytes that are allowed`)
        : Result.succeed(text)
    },
    decode: (json) => {
      const state: Record<string, unknown> = {}
      for (const { name, snapshots } of all) {
        const decoded = snapshots.decode((json as Schema.JsonObject | null)?.[name])
        if (Result.isFailure(decoded)) return Result.fail(`${name}: ${decoded.failure}`)
        state[name] = decoded.success
      }
      return Result.succeed(state)
    }
  }
}
