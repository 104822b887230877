/** Runs batches of commands: those of one batch at once, one batch after another. */
import * as Arr from "effect/Array"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { EventStore } from "refold"
import type { Line, Request } from "./input.ts"
import { Lead } from "./Lead.ts"
import * as Outcome from "./outcome.ts"
import * as Print from "./print.ts"

export const table = `create table if not exists leads_demo.handled_lines (id text primary key)`

/** Returns how many commands ended in which way. */
export const runAll = Effect.fnUntraced(function*<E, R>(batches: Stream.Stream<ReadonlyArray<Line>, E, R>) {
  const counts = new Map<Outcome.Kind, number>()
  const before = yield* doneBefore
  let skipped = 0
  yield* Stream.runForEach(batches, (batch) =>
    Effect.gen(function*() {
      const lines = batch.filter((line) => !before.handled.has(line.id))
      skipped += batch.length - lines.length
      const outcomes = yield* Effect.forEach(lines, (line) => run(line, before.appended.get(line.id)), {
        concurrency: "unbounded"
      })
      const handled: Array<{ id: string }> = []
      for (const [index, outcome] of outcomes.entries()) {
        const line = lines[index]!
        counts.set(outcome.kind, (counts.get(outcome.kind) ?? 0) + 1)
        if (!Outcome.isTriedAgain(outcome)) handled.push({ id: line.id })
        yield* Print.command(line, outcome)
      }
      if (Arr.isArrayNonEmpty(handled)) {
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into leads_demo.handled_lines ${sql.insert(handled)} on conflict do nothing`
      }
    }))
  if (skipped > 0) {
    yield* Console.log(`${skipped} commands were handled by an earlier run; start over with --reset`)
  }
  return counts
})

const run = (line: Line, version: number | undefined): Effect.Effect<Outcome.Outcome, never, EventStore.EventStore> => {
  if (Result.isFailure(line.request)) return Effect.succeed(Outcome.badLine(line.request.failure))
  if (version !== undefined) return Effect.succeed(Outcome.doneBefore(version))
  return execute(line.id, line.request.success)
}

const execute = (commandId: string, request: Request) =>
  Lead.execute(request.lead, request.command, {
    seen: request.seen,
    metadata: { actor: request.by, commandId }
  }).pipe(
    Effect.map(Outcome.landed),
    Effect.catchTags({
      UnknownLead: ({ message }) => Effect.succeed(Outcome.badLine(message)),
      LeadExists: ({ message }) => Effect.succeed(Outcome.rejected(message)),
      LeadNotOpen: ({ message }) => Effect.succeed(Outcome.rejected(message)),
      LeadConverted: ({ message }) => Effect.succeed(Outcome.rejected(message)),
      Conflict: (conflict) => Effect.succeed(Outcome.conflicted(request, conflict)),
      RetriesExhausted: ({ message }) => Effect.succeed(Outcome.failed(message)),
      EventStoreError: ({ message, reason }) =>
        Effect.succeed(reason._tag === "InvalidStreamId" ? Outcome.badLine(message) : Outcome.failed(message))
    })
  )

/**
 * What earlier runs have done. A batch that was cut short is run again, without the commands that made it into the log:
 * their events carry the command's id.
 */
const doneBefore = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const handled = yield* sql<{ id: string }>`select id from leads_demo.handled_lines`
  const appended = new Map<string, number>()
  yield* Stream.runForEach(EventStore.readAll([envelopes]), ({ metadata, version }) =>
    Effect.sync(() => {
      if (metadata.commandId !== undefined) appended.set(metadata.commandId, version)
    }))
  return { handled: new Set(handled.map(({ id }) => id)), appended }
})

/** The same log without its payloads: an event that nobody can read has been appended all the same. */
const envelopes = { category: Lead.category, codec: { ...Lead.codec, decode: () => Result.succeed({ _tag: "?" }) } }
