import * as Data from "effect/Data"
import * as Result from "effect/Result"

/** How the domains here say no. */
class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

export const refuse = (message: string): Result.Result<never, Refused> => Result.fail(new Refused({ message }))
