/** What became of a command, in the words of the people who sent it. */
import type { Conflict } from "refold/Conflict"
import type { Appended } from "refold/RecordedEvent"
import type { Request } from "./input.ts"
import type { LeadEvent } from "./Lead.ts"

export type Kind = "appended" | "on top" | "unchanged" | "conflict" | "rejected" | "bad line" | "failed"

export interface Outcome {
  readonly kind: Kind
  readonly text: string
}

/** Ends "Ann …". */
const did = (event: LeadEvent): string => {
  switch (event._tag) {
    case "LeadInitialized":
      return `created the lead as ${event.name}`
    case "NameChanged":
      return `changed the name to ${event.name}`
    case "ContactInfoChanged":
      return `changed the contact details to ${event.email}, ${event.phone}`
    case "StatusChanged":
      return `changed the status to ${event.status}`
    case "FollowupSet":
      return `set a follow-up on ${event.on}`
  }
}

export const landed = ({ events, missed, version }: Appended<LeadEvent>): Outcome => {
  if (events.length === 0) return { kind: "unchanged", text: `nothing to do at version ${version}` }
  if (missed.length === 0) return { kind: "appended", text: `at version ${version}` }
  const theirs = missed.map((event) => `${event.event._tag} (${event.metadata.actor}, version ${event.version})`).join(
    ", "
  )
  return { kind: "on top", text: `at version ${version}, on top of ${theirs}` }
}

export const conflicted = ({ by, seen }: Request, { actual, pairs: [pair] }: Conflict<LeadEvent>): Outcome => {
  if (pair === undefined) return { kind: "conflict", text: `version ${seen} was seen, but there are only ${actual}` }
  const { theirs } = pair
  const who = theirs.metadata.actor === by ? "you" : theirs.metadata.actor ?? "somebody"
  const when = seen === undefined ? "at the same moment" : `since version ${seen}, which you are looking at`
  return {
    kind: "conflict",
    text: `${who} ${did(theirs.event)} (version ${theirs.version}) ${when}: look before you decide`
  }
}

export const rejected = (message: string): Outcome => ({ kind: "rejected", text: message })

export const badLine = (problem: string): Outcome => ({ kind: "bad line", text: problem })

export const failed = (message: string): Outcome => ({ kind: "failed", text: message })

/** Nothing became of it, and that may change: the line is corrected, the lead is created, the database is back. */
export const isTriedAgain = ({ kind }: Outcome): boolean => kind === "bad line" || kind === "failed"

export const doneBefore = (version: number): Outcome => ({
  kind: "appended",
  text: `at version ${version}, by an earlier run that was cut short`
})
