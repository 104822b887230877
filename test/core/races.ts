import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Aggregate } from "refold/Aggregate"
import { Conflict, type RetriesExhausted } from "refold/Conflict"
import type * as Conflicts from "refold/Conflicts"
import * as Decider from "refold/Decider"
import { EventStore } from "refold/EventStore"
import type { EventStoreError } from "refold/EventStoreError"
import * as MemoryEventStore from "refold/MemoryEventStore"
import type { Appended } from "refold/RecordedEvent"
import * as Tuning from "refold/Tuning"

/** A command of a program: when it arrives, what it is, and what it has seen. */
export interface Step<Command> {
  /** How many of those under way are let go, oldest first, before this command arrives. */
  readonly letGo: number
  /** Whether those under way have come to their appends when this command arrives; they have, if any is let go. */
  readonly later?: boolean
  readonly command: Command
  /** How many versions before its arrival the user looked at the stream, if the command says so. */
  readonly seen?: { readonly ago: number; readonly strict: boolean }
}

/** What became of a program: a line for each command, and the stream it leaves behind. */
export interface Outcome {
  readonly commands: ReadonlyArray<string>
  readonly stream: ReadonlyArray<string>
}

export interface Types extends Decider.Types {
  readonly Rejection: Decider.Tagged
}

/** For example `NameChanged Ann`. */
export const inWords = ({ _tag, ...fields }: Decider.Tagged): string =>
  [_tag, ...Object.values(fields).map((field) => typeof field === "string" ? field : JSON.stringify(field))].join(" ")

const lands = (version: number, events: ReadonlyArray<Decider.Tagged>, missed: ReadonlyArray<Decider.Tagged>) => {
  if (events.length === 0) return "decides nothing"
  const after = missed.length === 0 ? "" : ` after missing ${missed.map(inWords).join(", ")}`
  return `lands ${events.map(inWords).join(", ")} at version ${version}${after}`
}
const fails = ({ _tag }: Decider.Tagged) => `fails with ${_tag}`
const conflicts = (known: number, pair: readonly [mine: Decider.Tagged, theirs: Decider.Tagged] | undefined) =>
  `conflicts with what came after version ${known}` +
  (pair === undefined ? "" : `: ${inWords(pair[0])} with ${inWords(pair[1])}`)

/**
 * What should become of a program, by the words of the conflict rules alone.
 *
 * A command is decided on what it has seen, and if that comes to nothing, on what was there when it arrived. It has
 * missed what was there by then and it had not seen, and after that, what was appended while it was under way. Each time,
 * if anything it missed collides with what it decided, that is a conflict, and if anything that came after the decision
 * asks to decide again, that is done on the state after all of it.
 */
export const foretell = <T extends Types>(
  aggregate: Aggregate<T>,
  history: ReadonlyArray<T["Event"]>,
  program: ReadonlyArray<Step<T["Command"]>>,
  verdictOf: (mine: T["Event"], theirs: T["Event"]) => Conflicts.Verdict = aggregate.conflicts.between
): Outcome => {
  const stream = [...history]
  const stateAt = (version: number) => Decider.fold(aggregate, aggregate.initial, stream.slice(0, version))

  const settle = ({ command, seen }: Step<T["Command"]>, arrivedAt: number): string => {
    const known = Math.max(0, arrivedAt - (seen?.ago ?? 0))
    const decideAt = (version: number) => aggregate.decide(command, stateAt(version))
    const firstPair = (
      mine: ReadonlyArray<T["Event"]>,
      missed: ReadonlyArray<T["Event"]>,
      verdict?: Conflicts.Verdict
    ) =>
      missed.flatMap((theirs) => mine.map((mine) => [mine, theirs] as const)).find(([mine, theirs]) =>
        verdict === undefined || verdictOf(mine, theirs) === verdict
      )

    let decidedAt = known
    let decision = decideAt(known)
    if (seen?.strict === true) {
      if (Result.isFailure(decision) && known === arrivedAt) return fails(decision.failure)
      const missed = stream.slice(known)
      if (missed.length > 0) return conflicts(known, firstPair(Result.getOrElse(decision, () => []), missed))
    } else if (Result.isFailure(decision) || decision.success.length === 0) {
      decidedAt = arrivedAt
      decision = decideAt(arrivedAt)
    }
    for (const now of [arrivedAt, stream.length]) {
      for (;;) {
        if (Result.isFailure(decision)) return fails(decision.failure)
        const collision = firstPair(decision.success, stream.slice(known, now), "collides")
        if (collision !== undefined) return conflicts(known, collision)
        if (firstPair(decision.success, stream.slice(decidedAt, now), "redecides") === undefined) break
        decidedAt = now
        decision = decideAt(now)
      }
    }
    const missed = stream.slice(known)
    const events = Result.getOrElse(decision, () => [])
    stream.push(...events)
    return lands(stream.length, events, missed)
  }

  const commands: Array<string> = []
  const underWay: Array<() => void> = []
  for (const [index, step] of program.entries()) {
    for (const end of underWay.splice(0, step.letGo)) end()
    const arrivedAt = stream.length
    underWay.push(() => {
      commands[index] = settle(step, arrivedAt)
    })
  }
  for (const end of underWay) end()
  return { commands, stream: stream.map(inWords) }
}

interface Gate {
  /** True once its command is at its append; false if it ended without one. */
  readonly held: Deferred.Deferred<boolean>
  readonly opened: Deferred.Deferred<void>
}

const CurrentGate = Context.Reference<Gate | undefined>("test/core/races/CurrentGate", {
  defaultValue: () => undefined
})

/** A store that holds the appends of every command at the command's gate. */
const gated = (store: EventStore["Service"]): EventStore["Service"] => ({
  ...store,
  append: (source, id, events, options) =>
    Effect.flatMap(CurrentGate, (gate) => {
      const append = store.append(source, id, events, options)
      if (gate === undefined) return append
      return Deferred.succeed(gate.held, true).pipe(
        Effect.andThen(Deferred.await(gate.opened)),
        Effect.andThen(append)
      )
    })
})

interface Started<T extends Types> {
  readonly fiber: Fiber.Fiber<
    Result.Result<
      Appended<T["Event"]>,
      T["Rejection"] | Conflict<T["Event"]> | RetriesExhausted | EventStoreError
    >
  >
  readonly gate: Gate
  readonly process: number
}

/** One at a time, and nothing remembered: whoever is first in line has loaded and decided when it is held. */
const oneByOne: Tuning.Tuning = { cachedStates: 0, commandsPerAppend: 1 }

/**
 * Plays a program on a stream of a fresh store. Commands of the same process share one aggregate value, and so line up;
 * all others meet in the store. Whoever is not in line has loaded and decided before the next is let go, and all are let
 * go in the order in which they arrived. Where commands of a process may go together, only the first is held.
 */
export const play = <T extends Types>(
  makeAggregate: () => Aggregate<T>,
  history: ReadonlyArray<T["Event"]>,
  program: ReadonlyArray<Step<T["Command"]>>,
  processOf: (index: number) => number,
  tuning: Tuning.Tuning = oneByOne
): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const store = gated(yield* EventStore)
    const outsider = makeAggregate()
    yield* Effect.orDie(store.append(outsider, "1", history))

    const commands: Array<Started<T>> = []
    let gone = 0
    let version = history.length
    const aggregates = new Map<number, Aggregate<T>>()
    const start = Effect.fnUntraced(function*({ command, seen }: Step<T["Command"]>, process: number) {
      const aggregate = aggregates.get(process) ?? makeAggregate()
      aggregates.set(process, aggregate)
      const gate: Gate = { held: yield* Deferred.make<boolean>(), opened: yield* Deferred.make<void>() }
      const known = Math.max(0, version - (seen?.ago ?? 0))
      const options = seen === undefined ? {} : seen.strict ? { strict: known } : { seen: known }
      const fiber = yield* aggregate.execute("1", command, options).pipe(
        Effect.provideService(EventStore, store),
        Effect.provideService(CurrentGate, tuning.commandsPerAppend > 1 && commands.length > 0 ? undefined : gate),
        Effect.provideService(Tuning.Current, tuning),
        Effect.result,
        Effect.ensuring(Deferred.succeed(gate.held, false)),
        // those who go together after it run in its footsteps
        Effect.ensuring(Deferred.succeed(gate.opened, undefined)),
        Effect.forkChild({ startImmediately: true })
      )
      return { fiber, gate, process }
    })

    /** Until of every process that has commands under way the first in line is at its append. */
    const quiet = Effect.gen(function*() {
      const held = new Set<number>()
      for (const { gate, process } of commands.slice(gone)) {
        if (!held.has(process) && (yield* Deferred.await(gate.held))) held.add(process)
      }
    })
    const letGoNext = Effect.gen(function*() {
      yield* quiet
      const { fiber, gate } = commands[gone++]!
      yield* Deferred.succeed(gate.opened, undefined)
      yield* Fiber.await(fiber)
      version = yield* Effect.orDie(store.version(outsider, "1"))
    })
    for (const [index, step] of program.entries()) {
      for (let count = 0; count < step.letGo && gone < commands.length; count++) yield* letGoNext
      if (step.later === true) yield* quiet
      commands.push(yield* start(step, processOf(index)))
    }
    while (gone < commands.length) yield* letGoNext

    const results = yield* Effect.forEach(commands, ({ fiber }) => Fiber.join(fiber))
    const recorded = yield* Effect.orDie(Stream.runCollect(store.read(outsider, "1")))
    return {
      commands: results.map(Result.match({
        onSuccess: ({ events, missed, version }) =>
          lands(version, events.map(({ event }) => event), missed.map(({ event }) => event)),
        onFailure: (error: T["Rejection"]) => {
          if (!(error instanceof Conflict)) return fails(error)
          const [pair] = error.pairs
          return conflicts(error.expected, pair && [pair.mine, pair.theirs.event])
        }
      })),
      stream: recorded.map(({ event }) => inWords(event))
    }
  }).pipe(Effect.provide(Layer.fresh(MemoryEventStore.layer)))

/** Fails unless both ended the same, and tells who did what when, and how it ended here and there. */
export const assertSame = (
  history: ReadonlyArray<Decider.Tagged>,
  program: ReadonlyArray<Step<Decider.Tagged>>,
  [here, one]: readonly [where: string, outcome: Outcome],
  [there, other]: readonly [where: string, outcome: Outcome]
): void => {
  if (JSON.stringify(one) === JSON.stringify(other)) return
  const both = (a: string, b: string) => a === b ? [`      ${a}`] : [`      ${here}: ${a}`, `      ${there}: ${b}`]
  const story = [
    "",
    `   On a stream of ${history.map(inWords).join(", ")}:`,
    ...program.flatMap(({ command, letGo, seen }, index) => [
      ...letGo > 0 && index > 0 ? [`   (up to ${letGo} of those under way are let go)`] : [],
      `   ${index + 1}. ${inWords(command)}` +
      (seen === undefined
        ? ""
        : `, ${seen.strict ? "strictly " : ""}having seen the stream of ${seen.ago} versions ago`),
      ...both(one.commands[index]!, other.commands[index]!)
    ]),
    "   The stream:",
    ...both(one.stream.join(", "), other.stream.join(", "))
  ]
  assert.fail(story.join("\n"))
}
