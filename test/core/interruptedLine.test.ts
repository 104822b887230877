import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as MemoryEventStore from "refold/MemoryEventStore"
import { makeAccount } from "./programs.ts"

const giveWay = (turns: number) => Effect.forEach(Array.from({ length: turns }), () => Effect.yieldNow)

it.live(
  "those in line who are all interrupted at once, at whatever moment, hold up nobody after them",
  () =>
    Effect.gen(function*() {
      for (let turns = 0; turns < 20; turns++) {
        for (let commands = 2; commands <= 5; commands++) {
          const account = makeAccount()
          const credit = account.execute(`${turns}-${commands}`, { _tag: "Credit", cents: 50 })
          const crowd = yield* Effect.forEach(
            Array.from({ length: commands }),
            () => Effect.forkChild(credit, { startImmediately: true })
          )
          yield* giveWay(turns)
          yield* Fiber.interruptAll(crowd)
          const ended = yield* Effect.forEach(crowd, (fiber) => Fiber.await(fiber))
          const landed = ended.filter(Exit.isSuccess).length
          const { version } = yield* credit
          assert.isAtLeast(version, landed + 1)
          assert.isAtMost(version, commands + 1)
        }
      }
    }).pipe(Effect.provide(MemoryEventStore.layer)),
  5_000
)
