import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { Conflict } from "refold/Conflict"
import type { Tagged } from "refold/Decider"
import type { EventSource } from "refold/EventSource"
import { EventStore } from "refold/EventStore"
import type { Appended } from "refold/RecordedEvent"
import { type Process, startProcess, store } from "./fixtures/database.ts"
import { changeName, create, followUp, freshId, InsufficientFunds, makeAccount, makeLead } from "./fixtures/domain.ts"

const rounds = 12

/** Eight writers in each of two processes; each issues its commands one after the other, to each of the streams in turn. */
const race = Effect.fnUntraced(function*<A, E, R>(
  streams: ReadonlyArray<string>,
  command: (
    process: Process,
    stream: string,
    turn: { readonly writer: number; readonly round: number }
  ) => Effect.Effect<A, E, R>
) {
  const processes = [yield* startProcess(), yield* startProcess()]
  const results = yield* Effect.forEach(Array.from({ length: 16 }, (_, writer) => writer), (writer) => {
    const process = processes[writer % 2]!
    return Effect.forEach(
      Array.from({ length: rounds }, (_, round) => round),
      (round) =>
        process.run(Effect.result(command(process, streams[(writer + round) % streams.length]!, { writer, round })))
    )
  }, { concurrency: "unbounded" })
  return {
    landed: results.flat().flatMap((result) => Result.isSuccess(result) ? [result.success] : []),
    lost: results.flat().flatMap((result) => Result.isFailure(result) ? [result.failure] : [])
  }
})

/** The versions of a stream are 1, 2, 3 …, positions grow along it, and it holds what was acknowledged and nothing else. */
const assertSerial = Effect.fnUntraced(function*<Event extends Tagged>(
  source: EventSource<Event>,
  stream: string,
  acknowledged: ReadonlyArray<Appended<Event>>
) {
  const store = yield* EventStore
  const events = yield* Stream.runCollect(store.read(source, stream))
  assert.deepStrictEqual(events.map(({ version }) => version), events.map((_, index) => index + 1))
  const positions = events.map(({ position }) => position)
  assert.deepStrictEqual(positions, Array.from(new Set(positions)).toSorted((a, b) => a - b))
  const appended = acknowledged.filter(({ stream: { id } }) => id === stream).flatMap(({ events }) => events)
  assert.deepStrictEqual(events, appended.toSorted((a, b) => a.version - b.version))
  return events
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("two processes of many writers", (it) => {
  it.effect("make a serial history of every lead, in which all that landed is found once", () =>
    Effect.gen(function*() {
      const streams = [freshId(), freshId(), freshId()]
      const lead = makeLead()
      const created = yield* Effect.forEach(streams, (stream) => lead.execute(stream, create))
      const { landed, lost } = yield* race(streams, ({ lead }, stream, { round, writer }) =>
        lead.execute(
          stream,
          writer < 6
            ? changeName(`${writer} ${round}`)
            : writer < 12
            ? { _tag: "ChangeStatus", status: `${writer} ${round}` }
            : followUp
        ))
      assert.isAtLeast(lost.length, 1)
      assert.isAtLeast(landed.filter(({ missed }) => missed.length > 0).length, 1)
      for (const error of lost) assert.instanceOf(error, Conflict)
      for (const stream of streams) yield* assertSerial(lead, stream, [...created, ...landed])
      for (const { events: [mine], missed } of landed) {
        for (const theirs of missed) {
          assert.strictEqual(lead.conflicts.verdict(mine!.event._tag, theirs.event._tag), "commutes")
        }
      }
    }))

  it.effect("never overdraw an account, and every payment that landed is found once", () =>
    Effect.gen(function*() {
      const streams = [freshId(), freshId()]
      const account = makeAccount()
      const { landed, lost } = yield* race(streams, ({ account }, stream, { writer }) =>
        account.execute(stream, writer < 6 ? { _tag: "Credit", cents: 3 } : { _tag: "Debit", cents: 2 }, {
          attempts: 1000
        }))
      assert.isAtLeast(landed.length, 6 * rounds)
      for (const error of lost) {
        assert.instanceOf(error, InsufficientFunds)
      }
      for (const stream of streams) {
        let balance = 0
        for (const { event } of yield* assertSerial(account, stream, landed)) {
          balance = account.evolve(balance, event)
          assert.isAtLeast(balance, 0)
        }
      }
    }))
})
