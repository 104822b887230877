import type { Tagged } from "refold/Decider"
import type { Scenario } from "./fault.ts"
import { freeze } from "./freeze.ts"
import { isPlain } from "./same.ts"
import { simplified, steps } from "./simpler.ts"
import type { Subject } from "./subject.ts"

const mostTries = 2500

/** A shorter and simpler scenario that still shows the same: the simplest that a bounded search comes to. */
export const shrink = (
  subject: Subject,
  scenario: Scenario,
  stillShows: (scenario: Scenario) => boolean
): Scenario => {
  let best = scenario
  let tries = 0
  const improve = (): boolean => {
    for (const candidate of candidates(subject, best)) {
      if (++tries > mostTries) return false
      if (!stillShows(candidate)) continue
      best = candidate
      return true
    }
    return false
  }
  while (improve());
  return best
}

function* candidates(subject: Subject, scenario: Scenario): Generator<Scenario> {
  const { history, mine, theirs } = scenario
  for (let size = history.length; size > 0; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= history.length; at += size) {
      yield { ...scenario, history: history.toSpliced(at, size) }
    }
  }
  for (const [index, command] of history.entries()) {
    for (const simpler of commands(subject, command)) yield { ...scenario, history: history.with(index, simpler) }
  }
  if (theirs !== undefined) { for (const simpler of commands(subject, theirs)) yield { ...scenario, theirs: simpler } }
  if (mine !== undefined) { for (const simpler of commands(subject, mine)) yield { ...scenario, mine: simpler } }
  // the same value in several places has to change in all of them, and what adds up has to change together
  const all = [...history, theirs, mine].filter((command) => command !== undefined)
  const values = valuesOf(all)
  for (const change of [...renamings(values), ...descents(values)]) {
    const changed = changedAll(subject, scenario, change)
    if (changed !== undefined) yield changed
  }
  for (const [index, command] of history.entries()) {
    const without = { ...scenario, history: history.toSpliced(index, 1) }
    for (const less of valuesOf([command]).keys()) {
      if (typeof less !== "number" || less <= 0) continue
      for (const value of values.keys()) {
        if (typeof value !== "number" || value <= less) continue
        const changed = changedAll(subject, without, new Map([[value, value - less]]))
        if (changed !== undefined) yield changed
      }
    }
  }
}

/** Values, and what to put in their places. */
type Change = ReadonlyMap<unknown, unknown>

const changedAll = (subject: Subject, { history, mine, theirs }: Scenario, change: Change): Scenario | undefined => {
  const apply = (command: Tagged) => freeze(replaceAll(command, change) as Tagged)
  const changed: Scenario = {
    history: history.map(apply),
    theirs: theirs === undefined ? undefined : apply(theirs),
    mine: mine === undefined ? undefined : apply(mine)
  }
  const every = [...changed.history, changed.theirs, changed.mine]
  return every.every((command) => command === undefined || subject.isCommand(command)) ? changed : undefined
}

function* commands(subject: Subject, command: Tagged): Generator<Tagged> {
  for (const simpler of simplified(command)) {
    if (subject.isCommand(simpler)) yield freeze(simpler as Tagged)
  }
}

/** What is in commands, and how often. */
const valuesOf = (commands: ReadonlyArray<Tagged>): ReadonlyMap<unknown, number> => {
  const values = new Map<unknown, number>()
  const visit = (value: unknown): void => {
    if (typeof value === "string" || typeof value === "number") values.set(value, (values.get(value) ?? 0) + 1)
    else if (typeof value === "object" && value !== null && (Array.isArray(value) || isPlain(value))) {
      for (const [key, item] of Object.entries(value)) if (key !== "_tag") visit(item)
    }
  }
  for (const command of commands) visit(command)
  return values
}

function* renamings(values: ReadonlyMap<unknown, number>): Generator<Change> {
  for (const [value, times] of values) {
    if (times > 1) { for (const simpler of simplified(value)) yield new Map([[value, simpler]]) }
  }
}

/** Two numbers less by the same. */
function* descents(values: ReadonlyMap<unknown, number>): Generator<Change> {
  const numbers = [...values.keys()].filter((value) => typeof value === "number").filter((value) => value > 1)
  for (const a of numbers) {
    for (const b of numbers) {
      if (a >= b) continue
      for (const less of steps(a - 1)) yield new Map([[a, a - less], [b, b - less]])
    }
  }
}

const replaceAll = (value: unknown, change: Change): unknown => {
  if (change.has(value)) return change.get(value)
  if (Array.isArray(value)) return value.map((item) => replaceAll(item, change))
  if (typeof value !== "object" || value === null || !isPlain(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === "_tag" ? item : replaceAll(item, change)])
  )
}
