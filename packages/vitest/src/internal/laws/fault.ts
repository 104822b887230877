import type { Tagged } from "refold/Decider"

/**
 * The laws, by what they ask: that `decide` and `evolve` are `pure` (the same answer for the same question), `total` (an
 * answer to every question) and leave what they are given `untouched`; that everything `survives` encoding; that a
 * `replay` ends where the fold did; the user's `invariant`; that what `commutes` does so; that what `redecides` notices
 * when the order matters; and that enough has been seen to say so: the `coverage`.
 */
export const laws = [
  "pure",
  "total",
  "untouched",
  "survives",
  "replay",
  "invariant",
  "commutes",
  "redecides",
  "coverage"
] as const

export type Law = typeof laws[number]

/** Commands that lead somewhere, and then one, or two of people who do not know of each other. */
export interface Scenario {
  readonly history: ReadonlyArray<Tagged>
  /** Of the one who was first. */
  readonly theirs?: Tagged | undefined
  /** Of the one who had not seen that. */
  readonly mine?: Tagged | undefined
}

/** Two event types, as in a conflict table: mine, placed after theirs. */
export interface Pair {
  readonly mine: string
  readonly theirs: string
}

/** A law that does not hold, and where. */
export interface Fault {
  readonly law: Law
  /** Faults with the same key are the same fault, met again. */
  readonly key: string
  readonly headline: string
  /** What was seen, in words; about two events it is made from the shortest scenario there is. */
  readonly details: ReadonlyArray<string>
  readonly waysOut: ReadonlyArray<string>
  readonly pair?: Pair | undefined
  readonly kind?: Meeting | undefined
  /** The same is wrong with theirs after mine. */
  readonly both?: boolean | undefined
  /** The types of all events of the two decisions. */
  readonly decided?: { readonly mine: ReadonlyArray<string>; readonly theirs: ReadonlyArray<string> } | undefined
}

/**
 * What is wrong about two events: `order` if the states differ, `decision` if deciding again gives something else,
 * `unnoticed` if the states differ although deciding again gives the same, `forbidden` if the invariant does not hold.
 */
export type Meeting = "order" | "decision" | "unnoticed" | "forbidden"

/** Thrown through the pure code that runs a history, and caught where the history is known. */
export class Broken extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault.headline)
    this.fault = fault
  }
}
