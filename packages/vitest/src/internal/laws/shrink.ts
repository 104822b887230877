import type { Tagged } from "refold/Decider"
import type { Scenario } from "./fault.ts"
import { freeze } from "./freeze.ts"
import { isPlain } from "./same.ts"
import type { Subject } from "./subject.ts"

const mostTries = 1500

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
  // the same value in several places has to change in all of them
  for (
    const [from, to] of renamings([
      ...history,
      ...(theirs === undefined ? [] : [theirs]),
      ...(mine === undefined ? [] : [mine])
    ])
  ) {
    const rename = (command: Tagged) => freeze(replaceAll(command, from, to) as Tagged)
    const renamed: Scenario = {
      history: history.map(rename),
      theirs: theirs === undefined ? undefined : rename(theirs),
      mine: mine === undefined ? undefined : rename(mine)
    }
    const every = [...renamed.history, renamed.theirs, renamed.mine]
    if (every.every((command) => command === undefined || subject.isCommand(command))) yield renamed
  }
}

function* commands(subject: Subject, command: Tagged): Generator<Tagged> {
  for (const simpler of simplified(command)) {
    if (subject.isCommand(simpler)) yield freeze(simpler as Tagged)
  }
}

/** Values that differ in one place, where they are simpler. */
function* simplified(value: unknown): Generator<unknown> {
  if (typeof value === "number") yield* numbers(value)
  else if (typeof value === "string") yield* strings(value)
  else if (value === true) yield false
  else if (Array.isArray(value)) {
    for (const index of value.keys()) yield value.toSpliced(index, 1)
    for (const [index, item] of value.entries()) {
      for (const simpler of simplified(item)) yield value.with(index, simpler)
    }
  } else if (typeof value === "object" && value !== null && isPlain(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (key === "_tag") continue
      for (const simpler of simplified(item)) yield { ...value, [key]: simpler }
      const { [key]: _without, ...rest } = value as Record<string, unknown>
      yield rest
    }
  }
}

const weight = (value: number) => Math.abs(value) + (value < 0 ? 0.5 : 0) + (Number.isInteger(value) ? 0 : 1)

function* numbers(value: number): Generator<number> {
  for (const simpler of [0, 1, 2, Math.trunc(value / 2), Math.trunc(value), -value, value - 1, value + 1]) {
    if (weight(simpler) < weight(value) || Number.isNaN(value)) yield simpler
  }
}

const ranks = ["a", "b", "c", "0", "1", "A"]

const rank = (char: string) => {
  const known = ranks.indexOf(char)
  if (known >= 0) return known
  return /[a-z]/.test(char)
    ? 10
    : /[A-Za-z0-9]/.test(char)
    ? 15
    : /[@. -]/.test(char)
    ? 18
    : char < "\x7f" && char > " "
    ? 20
    : 40
}

const weightOf = (text: string) => Array.from(text).reduce((sum, char) => sum + 100 + rank(char), 0)

/** Shorter, or of plainer letters; each weighs less than the one before, so there is an end. */
function* strings(value: string): Generator<string> {
  const chars = Array.from(value)
  const some = ["", "a", "b", "c", chars.slice(0, Math.ceil(chars.length / 2)).join("")]
  for (const index of chars.keys()) {
    some.push(chars.toSpliced(index, 1).join(""))
    for (const plain of ranks) some.push(chars.with(index, plain).join(""))
  }
  for (const simpler of some) if (weightOf(simpler) < weightOf(value)) yield simpler
}

function* renamings(commands: ReadonlyArray<Tagged>): Generator<readonly [unknown, unknown]> {
  const values = new Map<unknown, number>()
  const visit = (value: unknown): void => {
    if (typeof value === "string" || typeof value === "number") values.set(value, (values.get(value) ?? 0) + 1)
    else if (typeof value === "object" && value !== null && (Array.isArray(value) || isPlain(value))) {
      for (const [key, item] of Object.entries(value)) if (key !== "_tag") visit(item)
    }
  }
  for (const command of commands) visit(command)
  for (const [value, times] of values) {
    if (times > 1) { for (const simpler of simplified(value)) yield [value, simpler] }
  }
}

const replaceAll = (value: unknown, from: unknown, to: unknown): unknown => {
  if (value === from) return to
  if (Array.isArray(value)) return value.map((item) => replaceAll(item, from, to))
  if (typeof value !== "object" || value === null || !isPlain(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === "_tag" ? item : replaceAll(item, from, to)])
  )
}
