import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Aggregate } from "refold/Aggregate"
import type { Types } from "refold/Decider"
import * as AggregateLaws from "../../AggregateLaws.ts"
import * as ConflictMatrix from "../../ConflictMatrix.ts"
import { matrixOf } from "./drawing.ts"
import { whileWaiting } from "./progress.ts"

/** Prints the table of an aggregate, what was seen of it, and what the laws suggest. Whether they hold. */
export const report = Effect.fnUntraced(function*(
  aggregate: Aggregate<Types>,
  options: { readonly seed: string; readonly histories: number | undefined }
) {
  const { category } = aggregate
  const checked = yield* whileWaiting(
    `${category}: checking its table`,
    Effect.result(AggregateLaws.check(aggregate, options))
  )
  const suggested = yield* whileWaiting(
    `${category}: looking for the verdicts it needs`,
    Effect.result(AggregateLaws.suggest(aggregate, options))
  )
  const pairs = Result.isSuccess(suggested) ? suggested.success.pairs : []
  const found = new Map(pairs.map((pair) => [`${pair.mine} ${pair.theirs}`, pair]))
  const matrix = matrixOf(aggregate, (mine, theirs) => {
    const pair = found.get(`${mine} ${theirs}`)
    const verdicts = aggregate.conflicts.verdicts(mine, theirs)
    if (pair === undefined || pair.exclusive) return { exclusive: pair?.exclusive }
    return { enough: verdicts.length === 1 && isStricter(verdicts[0], pair.verdict) ? pair.verdict : undefined }
  })
  yield* Console.log(`${ConflictMatrix.toText(matrix)}\n`)
  const holds = Result.isSuccess(checked)
  yield* Console.log(`${holds ? AggregateLaws.toText(checked.success) : checked.failure.message}\n`)
  if (Result.isSuccess(suggested)) {
    const same = matrix.rows.flat().every(({ mine, theirs, verdicts }) => {
      const pair = found.get(`${mine} ${theirs}`)
      return pair?.exclusive === true || pair?.verdict === verdicts[0]
    })
    const { table } = suggested.success
    yield* Console.log(
      !holds
        ? `What was seen, and the table that follows from it. ${AggregateLaws.toText(suggested.success)}\n`
        : same
        ? "The laws ask for this very table.\n"
        : `The laws, which know nothing of people, ask for\n\n${table}\n`
    )
  }
  return holds
})

const order: ReadonlyArray<string> = ["commutes", "redecides", "collides"]

const isStricter = (one: string, other: string) => order.indexOf(one) > order.indexOf(other)
