import { isPlain } from "./same.ts"

/** Values that differ in one place, where they are simpler. */
export function* simplified(value: unknown): Generator<unknown> {
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

/** From the whole way to zero to the last step, each half as long as the one before. */
export const steps = (value: number): ReadonlyArray<number> => {
  const steps: Array<number> = []
  for (let step = Math.trunc(value); step !== 0 && steps.length < 64; step = Math.trunc(step / 2)) steps.push(step)
  return steps
}

function* numbers(value: number): Generator<number> {
  for (const simpler of [0, 1, 2, Math.trunc(value), -value, ...steps(value).map((step) => value - step)]) {
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
