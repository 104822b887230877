import type { Rule } from "../../Unique.ts"

type State = Readonly<Record<string, unknown>>

/** The rules of each part, on its own state. */
export const make = (
  category: string,
  parts: ReadonlyArray<readonly [name: string, rules: ReadonlyArray<Rule<unknown>>]>
): ReadonlyArray<Rule<State>> => {
  const all = parts.flatMap(([part, rules]) =>
    rules.map(({ name, valuesOf }) => ({ name, valuesOf: (state: State) => valuesOf(state[part]) }))
  )
  const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) < index)
  if (twice !== undefined) throw new Error(`${category}: two parts have a unique ${twice.name}`)
  return all
}
