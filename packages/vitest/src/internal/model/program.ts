import type { commandTags, eventTags } from "./domain.ts"

export type EventTag = typeof eventTags[number]
export type CommandTag = typeof commandTags[number]

/** What an append demands; versions are counted back from the one its client last heard of. */
export type Demand =
  | { readonly _tag: "any" | "noStream" | "streamExists" }
  | { readonly _tag: "at"; readonly ago: number }
  | { readonly _tag: "onlySince"; readonly ago: number; readonly types: ReadonlyArray<EventTag> }

/** Events on their way to one of several streams. `stream` is an index into {@link streams}. */
export interface Part {
  readonly stream: number
  readonly demand: Demand
  readonly events: ReadonlyArray<EventTag>
}

export interface Execute {
  readonly _tag: "Execute"
  readonly stream: number
  readonly command: CommandTag
  readonly says: "nothing" | "seen" | "strict"
  readonly ago: number
}

/** What is made of a parcel before it is sent: the same ids, but other notes, other streams, fewer or more events. */
export const changes = ["none", "none", "none", "none", "note", "stream", "fewer", "more", "first part"] as const

/** Appends what a parcel holds, under its ids, which others may have used. */
export interface Send {
  readonly _tag: "Send"
  readonly parcel: number
  readonly demands: readonly [Demand, Demand]
  readonly change: typeof changes[number]
  /** Again and again, while it is not known what became of it, or if it was interrupted. */
  readonly untilAnswered: boolean
}

export type Write =
  | Part & { readonly _tag: "Append" }
  /** Several streams at once. Parts for a stream that is taken, or for another tenant than the first one's, do not count. */
  | { readonly _tag: "AppendAll"; readonly parts: ReadonlyArray<Part> }
  | Send
  | Execute

export interface Transact {
  readonly _tag: "Transact"
  readonly writes: ReadonlyArray<Write>
  readonly end: "commit" | "rollback"
}

/** Appends to one stream that are made at the same time; some are interrupted after so many turns. */
export interface Burst {
  readonly _tag: "Burst"
  readonly stream: number
  readonly appends: ReadonlyArray<Omit<Part, "stream"> & { readonly givenUpAfter: number | undefined }>
}

/** Commands that are given at the same time, to one stream; some are interrupted after so many turns. */
export interface Crowd {
  readonly _tag: "Crowd"
  readonly stream: number
  readonly commands: ReadonlyArray<Omit<Execute, "stream" | "_tag"> & { readonly givenUpAfter: number | undefined }>
}

export type Action =
  | Write
  | Transact
  | Burst
  | Crowd
  | { readonly _tag: "Read"; readonly stream: number; readonly after: number }
  | { readonly _tag: "ReadAll"; readonly tenant: number; readonly pageSize: number }
  | { readonly _tag: "Interrupt"; readonly work: Write | Transact | Burst | Crowd; readonly after: number }
  | { readonly _tag: "Kill"; readonly session: number }

/** An action, what it waits for, and how often it gives way to others before each of its calls of the store. */
export interface Step {
  readonly action: Action
  /** It starts when so many of the actions then under way have ended. */
  readonly until: number
  readonly turns: ReadonlyArray<number>
}

/** A subscriber that comes when so many actions have ended, and starts at the beginning or at what was known by then. */
export interface Subscriber {
  readonly client: number
  readonly tenant: number
  readonly when: number
  readonly from: "the beginning" | "the middle"
  readonly pageSize: number
  readonly categories: ReadonlyArray<number>
}

/** What one fiber of a client does. */
export interface Fiber {
  readonly client: number
  readonly steps: ReadonlyArray<Step>
}

/** Events for one or two streams, with ids that never change. */
export interface Parcel {
  readonly streams: readonly [number, number]
  readonly events: readonly [ReadonlyArray<EventTag>, ReadonlyArray<EventTag>]
  readonly single: boolean
}

/** What a client keeps and does to be fast. */
export interface Tuning {
  readonly cachedStates: number
  readonly commandsPerAppend: number
}

/** What concurrent clients do, as data. */
export interface Program {
  readonly fibers: ReadonlyArray<Fiber>
  readonly subscribers: ReadonlyArray<Subscriber>
  readonly parcels: readonly [Parcel, Parcel]
  /** Of one client after the other. */
  readonly tunings: ReadonlyArray<Tuning>
}

/** What the clients of a store can do besides appending and reading. */
export interface Abilities {
  readonly clients: number
  readonly transactions: boolean
  readonly kills: boolean
}

export const tenants = ["one", "two"] as const

/** The streams of a program: the index of the tenant and of the category, and the id. */
export const streams = [
  { tenant: 0, category: 0, id: "a" },
  { tenant: 0, category: 0, id: "b" },
  { tenant: 0, category: 1, id: "a" },
  { tenant: 1, category: 0, id: "a" }
] as const

/** Also for indexes that were counted on. */
export const streamAt = (index: number) => streams[index % streams.length] ?? streams[0]
