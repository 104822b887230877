import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Tagged } from "../Decider.ts"
import * as Timelines from "./timelines.ts"

/*
 * Commands on one stream line up here instead of racing each other through the store, in the order in which they arrive.
 * The first in line takes its turn itself; if several who wait can go together, they do, in a fiber of their own.
 */

/** A command in line. */
export interface Turn<A, E> {
  /** Ends its wait: with what became of it, or by letting it go itself. */
  proceed: (how: Effect.Effect<A, E> | "go") => void
  party: Party | undefined
  isAbandoned: boolean
}

/** Those who go together. If nobody waits for any of it any more, it is interrupted. */
interface Party {
  readonly turns: ReadonlyArray<{ readonly isAbandoned: boolean }>
  fiber: Fiber.Fiber<unknown, unknown> | undefined
}

/** What the process knows of a stream, and who waits for its turn on it. */
export interface Line<State, Event extends Tagged, T> {
  readonly timeline: Timelines.Timeline<State, Event>
  readonly waiting: Array<T>
  isBusy: boolean
}

export const makeLine = <State, Event extends Tagged, T>(): Line<State, Event, T> => ({
  timeline: Timelines.makeTimeline(),
  waiting: [],
  isBusy: false
})

/** The lines of one aggregate, per store. Those on which nobody waits are kept for what they remember. */
export class Lines<State, Event extends Tagged, T> {
  private readonly stores = new WeakMap<object, Map<string, Line<State, Event, T>>>()

  at(store: object, stream: string): Line<State, Event, T> {
    let lines = this.stores.get(store)
    if (lines === undefined) this.stores.set(store, lines = new Map())
    let line = lines.get(stream)
    if (line === undefined) lines.set(stream, line = makeLine())
    return line
  }

  /** The latest state that is known of a stream. */
  latest(store: object, stream: string): Timelines.Moment<State, Event> | undefined {
    const timeline = this.stores.get(store)?.get(stream)?.timeline
    return timeline === undefined ? undefined : timeline.now.moment ?? timeline.remembered
  }

  /** Keeps what was read of a stream up to its end, unless commands on it are under way. */
  remember(
    store: object,
    stream: string,
    moment: Timelines.Moment<State, Event>,
    { capacity, saved }: { readonly capacity: number; readonly saved: number }
  ): void {
    const line = this.at(store, stream)
    if (line.isBusy) return
    Timelines.remember(line.timeline, moment, saved)
    this.rest(store, stream, line, capacity)
  }

  /** Trusts nothing that was known of a stream, unless commands on it are under way: they find out themselves. */
  forget(store: object, stream: string): void {
    const lines = this.stores.get(store)
    if (lines?.get(stream)?.isBusy === false) lines.delete(stream)
  }

  /** Keeps what a line remembers among the last `capacity` that were used. */
  rest(store: object, stream: string, line: Line<State, Event, T>, capacity: number): void {
    const lines = this.stores.get(store)
    if (lines?.get(stream) !== line) return
    lines.delete(stream)
    if (capacity <= 0 || line.timeline.remembered === undefined) return
    lines.set(stream, line)
    for (const [name, { isBusy }] of lines) {
      if (lines.size <= capacity) return
      if (!isBusy) lines.delete(name)
    }
  }
}

/** How a command that has come into line is dealt with. */
export interface Rules<T extends Turn<A, E>, A, E> {
  /** Takes a turn alone. */
  readonly alone: (turn: T) => Effect.Effect<A, E>
  /** Whoever of those waiting, from the first on, can go together; nobody if it is not worth it. */
  readonly invite: () => ReadonlyArray<T>
  /** Takes the turns of those who were just invited. All proceed, or wait in line again. */
  readonly together: Effect.Effect<void>
  /** The line has come to an end. */
  readonly rest: () => void
}

/** Takes a place in line, and the turn when it comes. */
export const enter = <State, Event extends Tagged, T extends Turn<A, E>, A, E>(
  line: Line<State, Event, T>,
  turn: T,
  rules: Rules<T, A, E>
): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) => {
    const go = () => Effect.onExit(restore(rules.alone(turn)), () => next(line, rules))
    if (!line.isBusy) {
      line.isBusy = true
      return go()
    }
    line.waiting.push(turn)
    return Effect.flatMap(restore(waitFor<A, E>(line.waiting, turn, next(line, rules))), (how) =>
      how === "go" ? go() : how)
  })

/** Whoever leaves when it is called lets the next one go. */
const waitFor = <A, E>(
  waiting: Array<Turn<A, E>>,
  turn: Turn<A, E>,
  letNextGo: Effect.Effect<void>
): Effect.Effect<Effect.Effect<A, E> | "go"> =>
  Effect.callback((resume) => {
    turn.proceed = (how) => resume(Effect.succeed(how))
    return Effect.callback<void>((done) => {
      const place = waiting.indexOf(turn)
      if (place >= 0) {
        waiting.splice(place, 1)
        return done(Effect.void)
      }
      turn.isAbandoned = true
      turn.proceed = (how) => done(how === "go" ? letNextGo : Effect.void)
      leave(turn.party)
    })
  })

const leave = (party: Party | undefined): void => {
  if (party?.turns.every(({ isAbandoned }) => isAbandoned) === true) party.fiber?.interruptUnsafe()
}

/** Lets the next ones go. */
const next = <State, Event extends Tagged, T extends Turn<A, E>, A, E>(
  line: Line<State, Event, T>,
  rules: Rules<T, A, E>
): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const invited = rules.invite()
    if (invited.length > 1) return goTogether(line, line.waiting.splice(0, invited.length), rules)
    const first = line.waiting.shift()
    if (first === undefined) {
      line.isBusy = false
      rules.rest()
    } else fiber.currentDispatcher.scheduleTask(() => first.proceed("go"), 0)
    return Effect.void
  })

const goTogether = <State, Event extends Tagged, T extends Turn<A, E>, A, E>(
  line: Line<State, Event, T>,
  turns: ReadonlyArray<T>,
  rules: Rules<T, A, E>
): Effect.Effect<void> => {
  const party: Party = { turns, fiber: undefined }
  for (const turn of turns) turn.party = party
  const ended = (exit: Exit.Exit<void>) => {
    if (Exit.isFailure(exit)) { for (const turn of turns) turn.proceed(Effect.failCause(exit.cause)) }
    return next(line, rules)
  }
  return Effect.map(
    Effect.forkDetach(Effect.uninterruptibleMask((restore) => Effect.onExit(restore(rules.together), ended))),
    (fiber) => {
      party.fiber = fiber
      leave(party)
    }
  )
}
