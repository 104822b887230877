import { assert, it } from "@effect/vitest"
import { RebuildProgress } from "@refold/cli"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import type { Rebuild } from "refold"

const building: Rebuild.Progress = {
  phase: "building",
  position: 500,
  end: 2_000,
  handled: 1_234,
  rate: 99.6,
  remainingMillis: 65_000
}
const changingOver: Rebuild.Progress = { ...building, phase: "changing over", position: 1_999 }
const live: Rebuild.Progress = { ...building, phase: "live", position: 2_000, handled: 2_000 }

/** What is written to the standard error stream. */
const shown = Effect.fnUntraced(function*(isTerminal: boolean, ...all: ReadonlyArray<Rebuild.Progress>) {
  const written: Array<string> = []
  const stdio = Stdio.layerTest({
    stderrIsTerminal: Effect.succeed(isTerminal),
    stderr: () => Sink.forEach((text) => Effect.sync(() => written.push(String(text))))
  })
  yield* Effect.provide(RebuildProgress.show(Stream.fromIterable(all), { label: "leads" }), stdio)
  return written.join("")
})

it("a rebuild is a bar, how far it is, how fast, and how long it will take", () => {
  assert.strictEqual(
    RebuildProgress.line(building),
    `${"█".repeat(6)}${"░".repeat(18)}   25 %  1,234 events  100 events/s  1 min 5 s left`
  )
  assert.match(RebuildProgress.line({ ...building, remainingMillis: undefined }), /…$/)
  assert.match(RebuildProgress.line(changingOver), / 99 % .* changing over$/)
  assert.strictEqual(RebuildProgress.line(live), `${"█".repeat(24)}  100 %  live, 2,000 events`)
  assert.match(RebuildProgress.line({ ...live, position: 0, end: 0 }), / 100 % /)
})

it.effect("in a terminal the bar moves in its line", () =>
  Effect.gen(function*() {
    const lines = (yield* shown(true, building, building, live)).split("\r\u001b[2K")
    assert.deepStrictEqual(lines, [
      "",
      `leads  ${RebuildProgress.line(building)}`,
      `leads  ${RebuildProgress.line(building)}`,
      `leads  ${RebuildProgress.line(live)}\n`
    ])
  }))

it.effect("in a file there is a line for each phase, and one now and then", () =>
  Effect.gen(function*() {
    assert.strictEqual(
      yield* shown(false, building, building, changingOver, live),
      [building, changingOver, live].map((progress) => `leads  ${RebuildProgress.line(progress)}\n`).join("")
    )
  }))
