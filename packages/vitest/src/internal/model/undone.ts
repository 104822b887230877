import type { Tagged } from "refold/Decider"
import type { RecordedEvent } from "refold/RecordedEvent"
import type { Facts } from "./facts.ts"
import type { Attempt, Transaction } from "./history.ts"

type Events = ReadonlyArray<RecordedEvent<Tagged>>

/** What a transaction has appended, wherever. */
const appendedIn = ({ history }: Facts, transaction: Transaction | undefined): ReadonlyArray<[string, Events]> =>
  transaction === undefined ?
    [] :
    history.attempts.flatMap((attempt) =>
      attempt.transaction === transaction && attempt.outcome._tag === "appended" && !attempt.outcome.appended.repeated
        ? [[attempt.stream, attempt.outcome.appended.events]]
        : []
    )

/**
 * The stream of which an attempt was told something: as it is in the end, or as it was in a transaction that left nothing
 * behind.
 */
export const streamAsTold = (facts: Facts, { stream, transaction }: Attempt): Events => {
  const events = facts.stream(stream)
  if (transaction === undefined || transaction.end === "committed") return events
  const appended = appendedIn(facts, transaction).flatMap(([key, events]) => key === stream ? events : [])
  const [first] = appended
  return first === undefined ? events : [...events.slice(0, first.version - 1), ...appended]
}

/** The event under this id that was there for an attempt, if only in its own transaction. */
export const eventAsTold = (facts: Facts, { transaction }: Attempt, id: string): RecordedEvent<Tagged> | undefined =>
  appendedIn(facts, transaction).flatMap(([, events]) => events).find((event) => event.id === id) ?? facts.byId(id)
