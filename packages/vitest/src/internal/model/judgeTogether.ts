import type { Facts } from "./facts.ts"
import type { Attempt } from "./history.ts"

/** What was to happen together is in with all its parts, or with none; several streams at once, as one step. */
export const judgeTogether = (facts: Facts): ReadonlyArray<string> => [
  ...judgeTransactions(facts),
  ...facts.history.attempts.flatMap((attempt) => attempt.together[0] === attempt ? judgeParts(facts, attempt) : [])
]

const numbers = (attempts: ReadonlyArray<Attempt>): string => attempts.map(({ id }) => id).join(", ")

const judgeTransactions = ({ found, history }: Facts): ReadonlyArray<string> =>
  [...new Set(history.attempts.flatMap(({ transaction }) => transaction ?? []))].flatMap((transaction) => {
    const parts = history.attempts.filter((attempt) =>
      attempt.transaction === transaction && attempt.events.length > 0 && attempt.outcome._tag === "appended" &&
      !attempt.outcome.appended.repeated
    )
    const isIn = parts.filter((attempt) => found(attempt).length > 0)
    return isIn.length === 0 || isIn.length === parts.length
      ? []
      : [`of a transaction there is only what the attempts ${numbers(isIn)} have appended`]
  })

const judgeParts = ({ found, history }: Facts, { together }: Attempt): ReadonlyArray<string> => {
  const parts = together.filter(({ events }) => events.length > 0)
  const isIn = parts.filter((part) => found(part).length > 0)
  if (isIn.length > 0 && isIn.length < parts.length) {
    return [`of the attempts ${numbers(parts)}, which were one, only ${numbers(isIn)} are in`]
  }
  const positions = isIn.flatMap((part) => found(part).map(({ position }) => position))
  const between = history.log.filter(({ position }) =>
    position > Math.min(...positions) && position < Math.max(...positions) && !positions.includes(position)
  )
  return between.length === 0 ? [] : [`something came between the attempts ${numbers(parts)}, which were one`]
}
