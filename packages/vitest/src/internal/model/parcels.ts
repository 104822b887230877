import * as Schedule from "effect/Schedule"
import { eventOf, type StockEvent } from "./domain.ts"
import type * as Program from "./program.ts"
import { isUntold } from "./recording.ts"

/** Events on their way to a stream, as a client appends them. */
export interface Item {
  readonly stream: number
  readonly demand: Program.Demand
  readonly events: ReadonlyArray<StockEvent>
  readonly eventIds?: ReadonlyArray<string> | undefined
}

type Content = Required<Pick<Item, "stream" | "events">> & { readonly eventIds: ReadonlyArray<string> }

/** The same events under the same ids, whoever sends them, and however often. */
export type Parcel = readonly [Content, ...ReadonlyArray<Content>]

const makeId = () => globalThis.crypto.randomUUID()

/** Gives the events of a parcel their notes and ids. `name` is another one for each parcel. */
export const pack = ({ events, single, streams }: Program.Parcel, name: string): Parcel => {
  const content = (part: 0 | 1): Content => ({
    stream: streams[part],
    events: events[part].map((tag, index) => eventOf(tag, `${name}, part ${part}, event ${index}`)),
    eventIds: events[part].map(makeId)
  })
  return single ? [content(0)] : [content(0), content(1)]
}

/** A parcel as it is sent, perhaps with something changed. */
export const asSent = (
  [first, ...rest]: Parcel,
  { change, demands }: Pick<Program.Send, "change" | "demands">,
  note: () => string
): ReadonlyArray<Item> => {
  const [head, ...tail] = first.events
  const contents = (): Parcel => {
    switch (change) {
      case "none":
        return [first, ...rest]
      case "note":
        return [{ ...first, events: head === undefined ? [] : [{ ...head, note: note() }, ...tail] }, ...rest]
      case "stream":
        return [{ ...first, stream: first.stream + 1 }, ...rest]
      case "fewer":
        return [{ ...first, events: first.events.slice(0, -1), eventIds: first.eventIds.slice(0, -1) }, ...rest]
      case "more":
        return [{
          ...first,
          events: [...first.events, eventOf("Renamed", note())],
          eventIds: [...first.eventIds, makeId()]
        }, ...rest]
      case "first part":
        return [first]
    }
  }
  return contents().map((content, index) => ({ ...content, demand: demands[index === 0 ? 0 : 1] }))
}

/** Again and again, while the store is away. */
export const whileUntold = {
  while: isUntold,
  schedule: Schedule.max([Schedule.spaced("20 millis"), Schedule.recurs(500)])
}
