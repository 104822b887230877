import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stdio from "effect/Stdio"

/** Says what is going on if it takes long and somebody is looking. Nothing is left of it in the end. */
export const whileWaiting = Effect.fnUntraced(function*<A, E, R>(what: string, self: Effect.Effect<A, E, R>) {
  const { stderrIsTerminal } = yield* Stdio.Stdio
  if (!(yield* stderrIsTerminal)) return yield* self
  let seconds = 0
  const tell = Effect.sync(() => {
    seconds++
    process.stderr.write(`\r\u001b[K${what}, ${seconds} s`)
  })
  const telling = yield* Effect.forkChild(Effect.delay(Effect.repeat(tell, Schedule.spaced("1 second")), "1 second"))
  return yield* Effect.ensuring(
    self,
    Effect.andThen(
      Fiber.interrupt(telling),
      Effect.sync(() => seconds > 0 && process.stderr.write("\r\u001b[K"))
    )
  )
})
