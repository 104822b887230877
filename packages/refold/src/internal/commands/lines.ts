import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Tagged } from "../../Decider.ts"
import type { Tuning } from "../../Tuning.ts"
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
  readonly rules: Rules<T>
  tuning: Tuning
  isBusy: boolean
}

/** How those in line are dealt with. */
export interface Rules<T> {
  /** Whoever of those waiting, from the first on, can go together; nobody if it is not worth it. */
  readonly invite: () => ReadonlyArray<T>
  /** Takes the turns of those who were just invited. All proceed, or wait in line again. */
  readonly together: Effect.Effect<void>
}

/** The lines of one aggregate, per store. Those on which nobody waits are kept for what they remember. */
export class Lines<State, Event extends Tagged, T> {
  private readonly stores = new WeakMap<object, Map<string, Line<State, Event, T>>>()

  at(store: object, stream: string, make: () => Line<State, Event, T>): Line<State, Event, T> {
    let lines = this.stores.get(store)
    if (lines === undefined) this.stores.set(store, lines = new Map())
    let line = lines.get(stream)
    if (line === undefined) lines.set(stream, line = make())
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
    line: Line<State, Event, T>,
    { moment, saved }: { readonly moment: Timelines.Moment<State, Event>; readonly saved: number }
  ): void {
    if (line.isBusy) return
    Timelines.remember(line.timeline, moment, saved)
    this.rest(store, stream, line)
  }

  /** Trusts nothing that was known of a stream, unless commands on it are under way: they find out themselves. */
  forget(store: object, stream: string): void {
    const lines = this.stores.get(store)
    if (lines?.get(stream)?.isBusy === false) lines.delete(stream)
  }

  /** Keeps what a line remembers, with as many others as may be, those used last. */
  rest(store: object, stream: string, line: Line<State, Event, T>): void {
    const lines = this.stores.get(store)
    if (lines?.get(stream) !== line) return
    const { cachedStates } = line.tuning
    lines.delete(stream)
    if (cachedStates <= 0 || line.timeline.remembered === undefined) return
    lines.set(stream, line)
    if (lines.size <= cachedStates) return
    for (const [name, { isBusy }] of lines) {
      if (!isBusy) lines.delete(name)
      if (lines.size <= cachedStates) return
    }
  }
}

/** Takes a place in line, and the turn when it comes; `alone` is how to take it, `rest` what to do at the end of the line. */
export const enter = <State, Event extends Tagged, T extends Turn<A, E>, A, E>(
  line: Line<State, Event, T>,
  turn: T,
  alone: Effect.Effect<A, E>,
  rest: () => void
): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) => {
    const letNextGo = next<State, Event, T, A, E>(line, rest)
    const go = Effect.onExit(restore(alone), () => letNextGo)
    if (!line.isBusy) {
      line.isBusy = true
      return go
    }
    line.waiting.push(turn)
    return Effect.flatMap(restore(waitFor<A, E>(line.waiting, turn, letNextGo)), (how) => how === "go" ? go : how)
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
  rest: () => void
): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    if (line.waiting.length === 0) {
      line.isBusy = false
      rest()
      return Effect.void
    }
    const invited = line.rules.invite().length
    if (invited > 1) return goTogether<State, Event, T, A, E>(line, line.waiting.splice(0, invited), rest)
    const first = line.waiting.shift()
    fiber.currentDispatcher.scheduleTask(() => first?.proceed("go"), 0)
    return Effect.void
  })

const goTogether = <State, Event extends Tagged, T extends Turn<A, E>, A, E>(
  line: Line<State, Event, T>,
  turns: ReadonlyArray<T>,
  rest: () => void
): Effect.Effect<void> => {
  const party: Party = { turns, fiber: undefined }
  for (const turn of turns) turn.party = party
  const ended = (exit: Exit.Exit<void>) => {
    if (Exit.isFailure(exit)) { for (const turn of turns) turn.proceed(Effect.failCause(exit.cause)) }
    return next<State, Event, T, A, E>(line, rest)
  }
  return Effect.map(
    // those who go may all have left before it starts, and even then it must come to its end
    Effect.forkDetach(Effect.onExit(Effect.interruptible(line.rules.together), ended), { uninterruptible: true }),
    (fiber) => {
      party.fiber = fiber
      leave(party)
    }
  )
}
