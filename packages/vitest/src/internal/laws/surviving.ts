import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Aggregate } from "refold/Aggregate"
import type { Tagged, Types } from "refold/Decider"
import { diff } from "./diff.ts"
import { Broken, type Fault } from "./fault.ts"
import { freeze } from "./freeze.ts"
import { same } from "./same.ts"
import { show, showTagged } from "./show.ts"

/** What is written down and read again, as JSON text would be. Throws {@link Broken} if something else comes back. */
export interface Codecs {
  readonly command: (command: Tagged) => void
  /** The event as it is read back. */
  readonly event: (event: Tagged) => Tagged
  /** The state as a snapshot of it is read back. */
  readonly state: (state: unknown) => unknown
  /** The JSON form of a state, for people to look at; the state itself if it has none. */
  readonly shown: (state: unknown) => unknown
}

const problem = (error: unknown) => error instanceof Error ? error.message : show(error)

const lost = (what: "command" | "event" | "state", tag: string, details: ReadonlyArray<string>): Fault => ({
  law: "survives",
  key: `survives ${what} ${tag}`,
  headline: `${
    what === "state" ? "A state" : `The ${what} ${tag}`
  } does not survive being written down and read again.`,
  details,
  waysOut: [
    what === "state"
      ? `give the schema of the state all that evolve puts into it: snapshots are written with it`
      : `give the schema of the ${what} a form in JSON that says all of it`
  ]
})

const survivor = (what: "command" | "event" | "state", tag: string, shown: string, before: unknown, after: unknown) => {
  if (same(before, after)) return
  throw new Broken(
    lost(what, tag, [
      `written down was  ${shown}`,
      ...diff(before, after).map(({ left, path, right }) => `but  ${path}: ${left} came back as ${right}`)
    ])
  )
}

export const codecs = <T extends Types>(aggregate: Aggregate<T>): Codecs => {
  const jsonOfState = throughJson(aggregate.state)
  const jsonOfCommand = throughJson(aggregate.command)
  return {
    command: (command) => {
      const back = attempt("command", command._tag, showTagged(command), () => jsonOfCommand().there(command))
      const read = attempt("command", command._tag, showTagged(command), () => jsonOfCommand().back(back))
      survivor("command", command._tag, showTagged(command), command, read)
    },
    event: (event) => {
      const shown = showTagged(event)
      const encoded = Result.getOrElse(aggregate.codec.encode(event), (problem) => {
        throw new Broken(lost("event", event._tag, [`to be written down was  ${shown}`, `but  ${problem}`]))
      })
      const data: unknown = JSON.parse(encoded.data)
      const decoded = Result.getOrElse(
        aggregate.codec.decode(encoded.type, encoded.schemaVersion, data),
        (problem) => {
          throw new Broken(lost("event", event._tag, [`written down was  ${shown}`, `but  ${problem}`]))
        }
      )
      survivor("event", event._tag, shown, event, decoded)
      return freeze(decoded)
    },
    state: (state) => {
      const text = attempt("state", "", show(state), () => jsonOfState().there(state))
      const read = attempt("state", "", show(state), () => jsonOfState().back(text))
      survivor("state", "", show(state), state, read)
      return freeze(read)
    },
    shown: (state) => {
      try {
        return JSON.parse(jsonOfState().there(state))
      } catch {
        return state
      }
    }
  }
}

const attempt = <A>(what: "command" | "event" | "state", tag: string, shown: string, run: () => A): A => {
  try {
    return run()
  } catch (error) {
    throw new Broken(lost(what, tag, [`to be written down was  ${shown}`, `but  ${problem(error)}`]))
  }
}

/** Made when it is first needed: a schema without a form in JSON throws, which is a finding like others. */
const throughJson = (schema: Schema.Codec<unknown, unknown>) => {
  let made: { readonly there: (value: unknown) => string; readonly back: (text: string) => unknown } | undefined
  return () => {
    if (made === undefined) {
      const json = Schema.toCodecJson(schema)
      const encode = Schema.encodeUnknownSync(json)
      const decode = Schema.decodeUnknownSync(json)
      made = { there: (value) => JSON.stringify(encode(value)), back: (text) => decode(JSON.parse(text)) }
    }
    return made
  }
}
