import * as Equal from "effect/Equal"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { RecordedEvent } from "refold/RecordedEvent"
import * as StreamId from "refold/StreamId"
import * as View from "refold/View"
import type { GivenView, Happening } from "../../Given.ts"
import { record, streamOf } from "./recording.ts"
import { type Caller, refuseToBeAwaited, Unexpected } from "./Unexpected.ts"
import { inWords } from "./words.ts"

type States<T extends View.Types> = Readonly<Record<string, T["State"]>>

export const given = <T extends View.Types>(
  view: View.View<T>,
  happenings: ReadonlyArray<Happening<T["Event"]>>
): GivenView<T> => {
  const events = recordAll(view, happenings)
  const story = [
    "given",
    ...events.length === 0 ? ["  nothing"] : [],
    ...events.map(({ event, stream }, index) => `  ${index + 1}. ${StreamId.format(stream)}: ${inWords(event)}`)
  ]
  const then = (expected: States<T>) => {
    refuseToBeAwaited(view.name, expected)
    const assertRows = (rows: View.Rows<T["State"]>, how: string, caller: Caller) => {
      const actual: States<T> = Object.fromEntries(View.states(rows))
      if (Equal.equals(actual, expected)) return
      throw new Unexpected(caller, {
        message: `the rows of ${view.name} are not the expected ones${how}`,
        story,
        actual,
        expected
      })
    }
    const none: View.Rows<T["State"]> = new Map()
    assertRows(View.fold(view, none, events), "", then)
    assertStorable(view, expected, story, then)
    for (const { deliveries, how } of replays(events)) {
      const again = deliveries.reduce((rows, page) => View.fold(view, rows, page), none)
      assertRows(again, ` when the events come ${how}, though they are when they come at once`, then)
    }
  }
  // it refuses to be awaited
  // oxlint-disable-next-line unicorn/no-thenable
  return { then }
}

const recordAll = <T extends View.Types>(
  view: View.View<T>,
  happenings: ReadonlyArray<Happening<T["Event"]>>
): ReadonlyArray<RecordedEvent<T["Event"]>> => {
  const versions = new Map<string, number>()
  let position = 0
  return happenings.flatMap(({ events, id, metadata, recordedAt, source }) => {
    if (!view.from.some(({ category }) => category === source.category)) {
      throw new Error(`given(${view.name}): it does not read events of ${source.category}`)
    }
    const stream = streamOf(source, id)
    return events.map((event) => {
      const version = (versions.get(StreamId.format(stream)) ?? 0) + 1
      versions.set(StreamId.format(stream), version)
      return record(source, event, { stream, version, position: ++position, metadata, recordedAt })
    })
  })
}

/** Rows are kept as JSON, and go on from what is read back. */
const assertStorable = <T extends View.Types>(
  { name, state }: View.View<T>,
  states: States<T>,
  story: ReadonlyArray<string>,
  caller: Caller
): void => {
  const json = Schema.toCodecJson(state)
  const encode = Schema.encodeUnknownResult(json)
  const decode = Schema.decodeUnknownResult(json)
  for (const [key, row] of Object.entries(states)) {
    const stored = Result.flatMap(encode(row), decode)
    if (Result.isFailure(stored)) {
      throw new Error(`given(${name}): row ${key} does not fit its schema: ${stored.failure.message}`)
    }
    if (Equal.equals(stored.success, row)) continue
    const message = `row ${key} of ${name} is another when it is stored and read again`
    throw new Unexpected(caller, { message, story, actual: stored.success, expected: row })
  }
}

interface Replay<Event> {
  readonly how: string
  readonly deliveries: ReadonlyArray<ReadonlyArray<Event>>
}

/** Pages of these sizes, and as many places to begin again from, are enough to tell. */
const most = 20

/** Other ways in which the same events may come. */
const replays = <Event>(events: ReadonlyArray<Event>): ReadonlyArray<Replay<Event>> => {
  const count = Math.min(events.length, most)
  const some = Array.from({ length: count }, (_, index) => Math.floor((index * events.length) / count))
  const inPages = (size: number, overlap: number) =>
    events.flatMap((_, index) => index % size === 0 ? [events.slice(Math.max(0, index - overlap), index + size)] : [])
  return [
    ...some.map((index) => ({ how: `in pages of ${index + 1}`, deliveries: inPages(index + 1, 0) })),
    ...some.map((index) => ({ how: `in overlapping pages of ${index + 2}`, deliveries: inPages(index + 1, 1) })),
    ...some.map((from) => ({ how: `again from the ${from + 1}. on`, deliveries: [events, events.slice(from)] })),
    { how: "four times over", deliveries: [events, events, events, events] }
  ]
}
