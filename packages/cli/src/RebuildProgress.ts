/**
 * The progress of a rebuild for the one who waits for it, in a terminal.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import type { Progress } from "refold/Rebuild"
import * as Text from "./internal/text.ts"

const barWidth = 24

/** How often a line is written where lines stay, as in a file. */
const lineMillis = 10_000

/**
 * Runs a rebuild and shows how it is getting on, on the standard error stream: as a bar that moves in a terminal, as a line
 * now and then elsewhere.
 *
 * **Example**
 *
 * ```ts
 * import { NodeRuntime, NodeServices } from "@effect/platform-node"
 * import { RebuildProgress } from "@refold/cli"
 * import { Effect } from "effect"
 * import { Rebuild } from "refold"
 *
 * RebuildProgress.show(Rebuild.rebuild(leadList), { label: "lead list" }).pipe(
 *   Effect.provide(stores),
 *   Effect.provide(NodeServices.layer),
 *   NodeRuntime.runMain
 * )
 * ```
 *
 * @category showing
 * @since 0.1.0
 */
export const show = <E, R>(
  self: Stream.Stream<Progress, E, R>,
  options: {
    /** What is being rebuilt, in front of the bar. */
    readonly label?: string | undefined
  } = {}
): Effect.Effect<void, E | PlatformError, R | Stdio.Stdio> =>
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    const isTerminal = yield* stdio.stderrIsTerminal
    const label = options.label === undefined ? "" : `${Text.printable(options.label)}  `
    let written: { readonly at: number; readonly phase: Progress["phase"] } | undefined

    const texts = Stream.mapEffect(self, (progress) =>
      Effect.map(Clock.currentTimeMillis, (at) => {
        const { phase } = progress
        if (isTerminal) return `\r\u001b[2K${label}${line(progress)}${phase === "live" ? "\n" : ""}`
        if (written !== undefined && written.phase === phase && at - written.at < lineMillis) return ""
        written = { at, phase }
        return `${label}${line(progress)}\n`
      }))
    yield* Stream.run(texts, stdio.stderr({ endOnDone: false }))
  })

/**
 * One line: a bar, how far it is, how fast, and how long it will take.
 *
 * @category showing
 * @since 0.1.0
 */
export const line = ({ end, handled, phase, position, rate, remainingMillis }: Progress): string => {
  const share = end === 0 ? 1 : Math.min(1, position / end)
  const full = Math.floor(share * barWidth)
  const bar = "█".repeat(full) + "░".repeat(barWidth - full)
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`
  if (phase === "live") return `${bar}  ${percent}  live, ${Text.count(handled)} events`
  const speed = `${Text.count(Math.round(rate))} events/s`
  const left = phase === "changing over"
    ? "changing over"
    : remainingMillis === undefined
    ? "…"
    : `${Text.duration(remainingMillis)} left`
  return `${bar}  ${percent}  ${Text.count(handled)} events  ${speed}  ${left}`
}
