import { assert } from "@effect/vitest"

/** What a failed assertion tells: its message, and the two sides of the diff. */
export const failureOf = (assertion: () => unknown) => {
  try {
    assertion()
  } catch (error) {
    assert.instanceOf(error, Error)
    const { actual, expected, message, name, stack = "" } = error as Error & Record<"actual" | "expected", unknown>
    return { name, message, actual, expected, calledFrom: stack.slice(stack.indexOf("    at ")).split("\n")[0] }
  }
  return assert.fail("nothing failed")
}
