import { type Facts, inWords, isSame, nameOf } from "./facts.ts"
import { attemptOf, keyOf, keyOfEvent } from "./history.ts"

/** The log is in the order of positions, agrees with every stream, and respects who was told of what before whom. */
export const judgeLog = ({ acknowledgedAt, history }: Facts): ReadonlyArray<string> => {
  const problems: Array<string> = []
  let position = 0
  let began = 0
  for (const event of history.log) {
    if (event.position <= position) problems.push(`the log is not in the order of positions at ${inWords([event])}`)
    position = event.position
    const attempt = history.attempts[attemptOf(event)]
    if (attempt === undefined || attempt.stream !== keyOfEvent(event)) {
      problems.push(`nobody has appended ${inWords([event])}`)
      continue
    }
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
    const logged = history.log.filter(({ stream }) => keyOf(stream.category, stream.id) === key)
    if (!isSame(logged, events)) {
      problems.push(`${nameOf(key)} holds ${inWords(events)}, but the log ${inWords(logged)}`)
    }
  }
  return problems
}
