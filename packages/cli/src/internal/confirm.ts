import * as Flag from "effect/cli/Flag"
import * as Prompt from "effect/cli/Prompt"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import { Problem } from "./print.ts"

export const yes = Flag.Boolean("yes").pipe(
  Flag.withAlias("y"),
  Flag.withDescription("Do it without asking"),
  Flag.withDefault(false)
)

/** Asks before something is done that cannot be undone; where nobody can answer, it is not done. */
export const confirm = Effect.fnUntraced(function*(what: string, isConfirmed: boolean) {
  if (isConfirmed) return
  const { stdinIsTerminal } = yield* Stdio.Stdio
  if (!(yield* stdinIsTerminal)) {
    return yield* new Problem({ message: `${what} Say --yes to do it without being asked` })
  }
  const answer = yield* Effect.catchTag(
    Prompt.run(Prompt.Confirm({ message: `${what} Go on?` })),
    "QuitError",
    () => Effect.succeed(false)
  )
  if (!answer) return yield* new Problem({ message: "Nothing was done" })
})
