/** The function a test called: the stack is to begin where it was called. */
export type Caller = (...args: never) => unknown

/** What test runners know as a failed assertion: they show what differs between `actual` and `expected`. */
export class Unexpected extends Error {
  override readonly name = "AssertionError"
  readonly actual: unknown
  readonly expected: unknown
  readonly showDiff = true

  constructor(caller: Caller, { actual, expected, message, story }: {
    readonly message: string
    readonly story: ReadonlyArray<string>
    readonly actual: unknown
    readonly expected: unknown
  }) {
    super([message, "", ...story].join("\n"))
    this.actual = actual
    this.expected = expected
    Error.captureStackTrace(this, caller)
  }
}

/**
 * A runner awaits what a test returns, and so calls its `then`. Whoever returns a chain that has not come to its end has
 * asserted nothing.
 */
export const refuseToBeAwaited = (subject: string, first: unknown): void => {
  if (typeof first !== "function") return
  throw new Error(
    `given(${subject}) was awaited, or returned by a test, without an expectation: end it with a \`then\``
  )
}
