import { type Facts, inWords, isSame, nameOf } from "./facts.ts"
import { keyOf, keyOfEvent } from "./history.ts"

/** The log is in the order of positions, agrees with every stream, and respects who was told of what before whom. */
export const judgeLog = ({ acknowledgedAt, attemptOf, history }: Facts): ReadonlyArray<string> => {
  const problems: Array<string> = []
  for (const [tenant, log] of history.logs) {
    log.forEach((event, index) => {
      if (event.position <= (log[index - 1]?.position ?? 0)) {
        problems.push(`the log is not in the order of positions at ${inWords([event])}`)
      }
      if (event.stream.tenant !== tenant) problems.push(`tenant ${tenant} reads ${inWords([event])}`)
    })
  }
  let began = 0
  const ids = new Set<string>()
  const authors = new Map<string, unknown>()
  for (const [index, event] of history.log.entries()) {
    if (event.position === history.log[index - 1]?.position) {
      problems.push(`another event is where ${inWords([event])} is`)
    }
    if (ids.has(event.id)) problems.push(`under its id, ${inWords([event])} is there twice`)
    ids.add(event.id)
    const attempt = attemptOf(event)
    if (attempt === undefined || attempt.stream !== keyOfEvent(event)) {
      problems.push(`nobody has appended ${inWords([event])}`)
      continue
    }
    const { note } = event.event
    if (authors.has(note) && authors.get(note) !== attempt) problems.push(`${inWords([event])} is there once more`)
    authors.set(note, attempt)
    if (acknowledgedAt(attempt) < began) {
      problems.push(`${inWords([event])} comes after what was appended when it was there already`)
    }
    began = Math.max(began, attempt.beganAt)
  }
  for (const [key, { events, version }] of history.streams) {
    events.forEach((event, index) => {
      if (event.version !== index + 1) problems.push(`version ${index + 1} of ${nameOf(key)} is ${inWords([event])}`)
    })
    if (version !== events.length) {
      problems.push(`${nameOf(key)} has ${events.length} events and says it is at ${version}`)
    }
    const logged = history.log.filter(({ stream }) => keyOf(stream) === key)
    if (!isSame(logged, events)) {
      problems.push(`${nameOf(key)} holds ${inWords(events)}, but the log ${inWords(logged)}`)
    }
  }
  return problems
}
