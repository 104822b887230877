import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "../../Aggregate.ts"
import type { EventSources } from "../../EventSource.ts"
import type { Effects, Out, Reaction, Refused } from "../../Reaction.ts"
import type { Reactor } from "../../Reactor.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"

/*
 * What a process was told and what came of it, one stream for each process. An input is written down together with its
 * reaction, so that neither can be forgotten or happen twice: the position of the last input is part of the state.
 */

const StoredOut = Schema.Union([
  Schema.TaggedStruct("Command", { category: Schema.String, id: Schema.String, command: Schema.Json }),
  Schema.TaggedStruct("Effect", { name: Schema.String, payload: Schema.Json }),
  Schema.TaggedStruct("Timer", { timer: Schema.String, at: Schema.Int }),
  Schema.TaggedStruct("CancelTimer", { timer: Schema.String })
])
export type StoredOut = typeof StoredOut.Type

const Event = Schema.TaggedUnion({
  /** What came of the input at a position: the state after it, and what is to be done. */
  Reacted: { input: Schema.String, position: Schema.Int, state: Schema.Json, out: Schema.Array(StoredOut) },
  /** A command that was not done. */
  Refused: {
    category: Schema.String,
    id: Schema.String,
    command: Schema.Json,
    reason: Schema.String,
    message: Schema.String
  },
  TimerDue: { timer: Schema.String, at: Schema.Int }
})
export type Event = typeof Event.Type

const State = Schema.Struct({
  state: Schema.UndefinedOr(Schema.Json),
  position: Schema.Int,
  timers: Schema.Record(Schema.String, Schema.Int)
})
type State = typeof State.Type

const Command = Schema.TaggedUnion({
  React: { recorded: Schema.Any },
  Refuse: { refused: Event.cases.Refused },
  Fire: { timer: Schema.String, at: Schema.Int }
})

/** What a reactor is told of that does not ask for it. */
export const unheard = () => ({})

export type Journal = ReturnType<typeof make>

/** The journal of a reactor, as an aggregate. */
export const make = <Sources extends EventSources, S, Kinds extends Effects>(reactor: Reactor<Sources, S, Kinds>) => {
  const json = Schema.toCodecJson(reactor.state)
  const encodeState = Schema.encodeUnknownSync(json)
  const decodeState = Schema.decodeUnknownSync(json)
  const targets = new Map(reactor.commands.map((target) => [target.category, Schema.toCodecJson(target.command)]))

  const encoded = (what: string, codec: Schema.Codec<unknown, Schema.Json>, value: unknown): Schema.Json => {
    const json = Schema.encodeUnknownResult(codec)(value)
    if (Result.isSuccess(json)) return json.success
    throw new Error(`${reactor.name} asks for ${what} that does not fit its schema: ${json.failure.message}`)
  }

  const stored = (out: Out<Kinds>): StoredOut => {
    switch (out._tag) {
      case "Command": {
        const codec = targets.get(out.category)
        if (codec === undefined) {
          throw new Error(`${reactor.name} sends a command to ${out.category}, which is not among its \`commands\``)
        }
        const command = encoded(`a command to ${out.category}`, codec, out.command)
        return { _tag: "Command", category: out.category, id: out.id, command }
      }
      case "Effect": {
        const codec = reactor.effects[out.name]
        if (codec === undefined) {
          throw new Error(`${reactor.name} asks for ${out.name}, which is not among its \`effects\``)
        }
        const payload = encoded(`the effect ${out.name}`, Schema.toCodecJson(codec), out.payload)
        return { _tag: "Effect", name: out.name, payload }
      }
      case "Timer":
        if (reactor.due === unheard) {
          throw new Error(`${reactor.name} sets the timer ${out.timer}, and has no \`due\` to be told of it`)
        }
        return { _tag: "Timer", timer: out.timer, at: DateTime.toEpochMillis(out.at) }
      case "CancelTimer":
        return out
    }
  }

  const reactionTo = (state: S, recorded: RecordedEvent<unknown>): Reaction<S, Kinds> => {
    if (recorded.stream.category !== reactor.name) return reactor.react(state, recorded as never)
    const event = recorded.event as Event
    if (event._tag === "TimerDue") {
      return reactor.due(state, event.timer, { key: recorded.stream.id, at: DateTime.makeUnsafe(event.at) })
    }
    if (event._tag !== "Refused") return {}
    const codec = targets.get(event.category)
    const command = codec === undefined ? event.command : Schema.decodeUnknownSync(codec)(event.command)
    return reactor.refused(state, { ...event, command, at: recorded.recordedAt } as Refused)
  }

  return Aggregate.make(reactor.name, {
    command: Command,
    event: Event,
    state: State,
    initial: { state: undefined, position: 0, timers: {} },
    decide: (command, { position, state, timers }) => {
      switch (command._tag) {
        case "React": {
          const recorded: RecordedEvent<unknown> = command.recorded
          if (recorded.position <= position) return []
          const before = state === undefined ? reactor.initial : decodeState(state)
          const reaction = reactionTo(before, recorded)
          const { out = [] } = reaction
          // told again it leads to nothing again: until something is written down, the state is the same
          if (reaction.state === undefined && out.length === 0) return []
          const after = reaction.state === undefined ? before : reaction.state
          return [{
            _tag: "Reacted",
            input: recorded.id,
            position: recorded.position,
            state: encodeState(after),
            out: out.map(stored)
          }]
        }
        case "Refuse":
          return [command.refused]
        case "Fire":
          return timers[command.timer] === command.at
            ? [{ _tag: "TimerDue", timer: command.timer, at: command.at }]
            : []
      }
    },
    evolve: (before: State, event): State => {
      switch (event._tag) {
        case "Reacted":
          return {
            state: event.state,
            position: event.position,
            timers: timersAfter(before.timers, event, (at) => at)
          }
        case "TimerDue":
          return { ...before, timers: timersAfter(before.timers, event, (at) => at) }
        case "Refused":
          return before
      }
    },
    conflicts: "redecides",
    snapshots: { every: 100, version: 1 }
  })
}

/** The timers that are set after an event, with what is to be kept of each. */
export const timersAfter = <Timer>(
  timers: Readonly<Record<string, Timer>>,
  event: Event,
  make: (at: number) => Timer
): Readonly<Record<string, Timer>> => {
  if (event._tag === "Refused") return timers
  const after = { ...timers }
  if (event._tag === "TimerDue") delete after[event.timer]
  else {
    for (const out of event.out) {
      if (out._tag === "Timer") after[out.timer] = make(out.at)
      else if (out._tag === "CancelTimer") delete after[out.timer]
    }
  }
  return after
}
