import type { Tagged } from "refold/Decider"
import * as Ambient from "./ambient.ts"
import { diff } from "./diff.ts"
import { Broken, type Fault } from "./fault.ts"
import { thaw } from "./freeze.ts"
import { show, showTagged } from "./show.ts"

/** Which of the two functions: `decide` takes a command, `evolve` an event. */
export type Asked = "decide" | "evolve"

const called = (asked: Asked, input: Tagged) => `${asked}(${input._tag})`

/** Calls one of the two functions, and throws what is found out about it: it asks the clock, throws, or changes things. */
export const ask = <Input extends Tagged, A>(
  asked: Asked,
  input: Input,
  state: unknown,
  call: (input: Input, state: unknown) => A
): A => {
  let answer: A
  try {
    answer = call(input, state)
  } catch (error) {
    throw new Broken(changed(asked, input, state, call) ?? thrown(asked, input, state, error))
  }
  const heard = Ambient.listen()
  if (heard !== undefined) throw new Broken(impure(asked, input, heard))
  return answer
}

const impure = (asked: Asked, input: Tagged, heard: string): Fault => ({
  law: "pure",
  key: `pure ${asked} ${input._tag} ${heard}`,
  headline: `${called(asked, input)} reads ${heard}.`,
  details: [`It must answer the same whenever it is asked: events are folded again for as long as they are kept.`],
  waysOut: [
    asked === "decide"
      ? `put it into the command ${input._tag}: whoever sends it knows the time, and rolls the dice`
      : `have decide put it into the event ${input._tag}, from the command: what happened does not change afterwards`
  ]
})

const thrown = (asked: Asked, input: Tagged, state: unknown, error: unknown): Fault => ({
  law: "total",
  key: `total ${asked} ${input._tag}`,
  headline: `${called(asked, input)} throws.`,
  details: [
    `${asked} was given  ${showTagged(input)}`,
    `on the state  ${show(state)}`,
    `and threw  ${String(error)}`
  ],
  waysOut: [
    asked === "decide"
      ? `return Result.fail with a rejection in the words of the domain`
      : `return the state as it is, if the event says nothing there`,
    `if this state cannot be: have decide refuse what leads to it`
  ]
})

/** What is given is frozen, so what changes it throws; and would not, if it were not frozen. */
const changed = <Input extends Tagged>(
  asked: Asked,
  input: Input,
  state: unknown,
  call: (input: Input, state: unknown) => unknown
): Fault | undefined => {
  const [inputThen, stateThen] = [thaw(input), thaw(state)]
  const goes = (input: Input, state: unknown) => {
    try {
      call(input, state)
      return true
    } catch {
      return false
    } finally {
      Ambient.listen()
    }
  }
  const inState = goes(input, stateThen)
  if (!inState && !goes(inputThen, state) && !goes(inputThen, stateThen)) return undefined
  const what = inState ? "the state" : asked === "decide" ? "the command" : "the event"
  const changes = [...diff(state, stateThen), ...diff(input, inputThen)]
  return {
    law: "untouched",
    key: `untouched ${asked} ${input._tag} ${what}`,
    headline: `${called(asked, input)} changes ${what} it is given.`,
    details: [
      `${asked} was given  ${showTagged(input)}`,
      `on the state  ${show(state)}`,
      ...changes.map(({ left, path, right }) => `and changed  ${path}: ${left} → ${right}`)
    ],
    waysOut: [`make a new value and leave what was given as it is, as in { ...state, field }: others still look at it`]
  }
}

/** Asked once more, it gives something else, though it was not heard to ask for the time or for chance. */
export const unrepeatable = (asked: Asked, input: Tagged, first: string, second: string): Fault => ({
  law: "pure",
  key: `pure ${asked} ${input._tag} again`,
  headline: `${called(asked, input)} does not give the same answer twice.`,
  details: [
    `${asked} was given  ${showTagged(input)}`,
    `and answered  ${first}`,
    `Asked again about the same:  ${second}`
  ],
  waysOut: [
    `look for what it remembers from one call to the next (a variable outside of it, a counter, a cache), and move it ` +
    `into the state or into the command`
  ]
})
