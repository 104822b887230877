import { type Facts, inWords, isSame, nameOf } from "./facts.ts"
import type { Reading, Recorded } from "./history.ts"

/** Whoever reads, or follows, has seen a prefix of what there is, without gaps, and no less than somebody knew before. */
export const judgeReaders = (facts: Facts): ReadonlyArray<string> => {
  const { history } = facts
  const upTo = (
    { categories, tenant }: { readonly tenant: string; readonly categories: ReadonlyArray<string> },
    after: number,
    last: number
  ) =>
    history.log.filter(({ position, stream }) =>
      position > after && position <= last && stream.tenant === tenant && categories.includes(stream.category)
    )
  const judgeSeen = (who: string, seen: ReadonlyArray<Recorded>, expected: ReadonlyArray<Recorded>) =>
    isSame(seen, expected) ? [] : [`${who} saw ${inWords(seen)}; up to there, there is ${inWords(expected)}`]

  const judgeReading = ({ after, beganAt, endedAt, events, of }: Reading): ReadonlyArray<string> => {
    if (typeof of === "string") {
      const who = `who read ${nameOf(of)} after version ${after}`
      const stream = facts.stream(of)
      const floor = facts.floor(of, beganAt)
      return [
        ...judgeSeen(who, events, stream.slice(after, after + events.length)),
        ...after + events.length < floor ? [`${who} saw less than was there: version ${floor}`] : [],
        ...facts.isPast(events, endedAt) ? [] : [`${who} saw what was to come`]
      ]
    }
    const last = events.at(-1)?.position ?? after
    const late = upTo(of, last, Infinity).filter((event) => {
      const attempt = facts.attemptOf(event)
      return attempt !== undefined && facts.acknowledgedAt(attempt) < beganAt
    })
    return [
      ...judgeSeen("who read the log", events, upTo(of, after, last)),
      ...late.length === 0 ? [] : [`who read the log did not see ${inWords(late)}`]
    ]
  }

  return [
    ...history.readings.flatMap(judgeReading),
    ...history.subscriptions.flatMap(({ after, categories, events, tenant }) =>
      judgeSeen(
        `who subscribed after position ${after}`,
        events,
        upTo({ tenant, categories }, after, events.at(-1)?.position ?? after)
      )
    )
  ]
}
