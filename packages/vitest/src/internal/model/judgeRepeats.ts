import type { Tagged } from "refold/Decider"
import type { EventIdTaken } from "refold/EventStoreError"
import type { Appended, RecordedEvent } from "refold/RecordedEvent"
import { type Facts, inWords, isSame } from "./facts.ts"
import { type Attempt, keyOf, keyOfEvent, labelOf } from "./history.ts"
import { eventAsTold, streamAsTold } from "./undone.ts"

const idsOf = ({ together }: Attempt): ReadonlyArray<string> => together.flatMap(({ eventIds }) => eventIds ?? [])

/** Whether these events are those of the attempt, on its stream and one after the other. */
const areThose = (attempt: Attempt, there: ReadonlyArray<RecordedEvent<Tagged> | undefined>): boolean =>
  there.every((event, index) =>
    event !== undefined && keyOfEvent(event) === attempt.stream && isSame(event.event, attempt.events[index]) &&
    event.version === (there[0]?.version ?? 0) + index
  )

const thereOf = (facts: Facts, attempt: Attempt) =>
  (attempt.eventIds ?? []).map((id) => eventAsTold(facts, attempt, id))

/** Whether somebody had been told that an event is there, before an attempt began. */
const wasThere = (facts: Facts, { beganAt }: Attempt, event: RecordedEvent<Tagged> | undefined): boolean => {
  const author = event === undefined ? undefined : facts.history.attempts[labelOf(event)]
  return author !== undefined && facts.acknowledgedAt(author) < beganAt
}

/** Without what tells of the attempt. */
const plain = ({ metadata: _, ...event }: RecordedEvent<Tagged>) => event

/** Who is told that it was there before is told of what is there, and of nothing that was to come. */
export const judgeRepeated = (
  facts: Facts,
  attempt: Attempt,
  appended: Appended<Tagged>
): ReadonlyArray<string> => {
  const { beganAt, endedAt, eventIds, events, stream, together, transaction } = attempt
  const there = thereOf(facts, attempt).flatMap((event) => event ?? [])
  const problems: Array<string> = []
  const others = together.some(({ outcome }) => outcome._tag === "appended" && !outcome.appended.repeated)
  if (eventIds === undefined && idsOf(attempt).length === 0) problems.push("it was repeated without its ids")
  if (others) problems.push("a part of it was there before")
  if (there.length < events.length || !areThose(attempt, there)) {
    problems.push(`it was taken for a repetition of ${inWords(there)}`)
  }
  if (!isSame(there.map(plain), appended.events.map(plain))) {
    problems.push(`it was told that there was ${inWords(appended.events)}, but there is ${inWords(there)}`)
  }
  if (!facts.history.wasBroken && facts.found(attempt).length > 0) {
    problems.push("it was taken for a repetition of itself")
  }
  const told = streamAsTold(facts, attempt)
  if (appended.version > told.length || appended.position !== (told[appended.version - 1]?.position ?? 0)) {
    problems.push(`it was told of position ${appended.position} of version ${appended.version}`)
  }
  if (events.length === 0 && appended.version < facts.floor(stream, beganAt)) {
    problems.push(`it was told of version ${appended.version}, which was past by then`)
  }
  if (transaction === undefined && !facts.isPast(facts.stream(stream).slice(0, appended.version), endedAt)) {
    problems.push(`it was told of version ${appended.version} before that was appended`)
  }
  return problems
}

/** Who is told that an id was used before comes with other content than what is there under it. */
export const judgeTaken = (
  facts: Facts,
  attempt: Attempt,
  { eventId, usedAt }: EventIdTaken
): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const there = eventAsTold(facts, attempt, eventId)
  if (!idsOf(attempt).includes(eventId)) problems.push(`it was told of an id that it did not come with`)
  const told = usedAt === undefined ? "with another tenant" : `at version ${usedAt.version} of ${keyOf(usedAt.stream)}`
  if (there === undefined || told !== whereFor(attempt, there)) {
    problems.push(`it was told that its id is ${told}`)
  } else if (
    attempt.transaction === undefined &&
    !facts.isPast(facts.history.log.filter(({ id }) => id === eventId), attempt.endedAt)
  ) {
    problems.push(`it was told of ${inWords([there])} before that was appended`)
  }
  const all = attempt.together.flatMap((part) => thereOf(facts, part))
  const authors = new Set(all.map((event) => event === undefined ? undefined : labelOf(event)))
  // what came in by parts may have been there in part only
  const wasWhole = authors.size === 1 || all.every((event) => wasThere(facts, attempt, event))
  if (wasWhole && attempt.together.every((part) => areThose(part, thereOf(facts, part)))) {
    problems.push("it was not taken for the repetition that it was")
  }
  return problems
}

/** Who is refused was not there yet. */
export const judgeAsNew = (facts: Facts, attempt: Attempt): ReadonlyArray<string> => {
  if (attempt.outcome._tag !== "refused") return []
  const ids = idsOf(attempt)
  const seen = streamAsTold(facts, attempt).slice(0, attempt.outcome.error.actual)
  const before = ids.flatMap((id) => facts.byId(id) ?? []).filter((event) => wasThere(facts, attempt, event))
  const known = [...seen.filter(({ id }) => ids.includes(id)), ...before]
  return known.length === 0 ? [] : [`it was refused, although there was ${inWords(known)}`]
}

/** What may be told of where an event is. */
const whereFor = ({ stream }: Attempt, event: RecordedEvent<Tagged>): string => {
  const [tenant] = stream.split("/")
  return event.stream.tenant === tenant ? `at version ${event.version} of ${keyOfEvent(event)}` : "with another tenant"
}
