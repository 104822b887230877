import { gather } from "./facts.ts"
import type { History } from "./history.ts"
import { judgeAppends } from "./judgeAppends.ts"
import { judgeExecutions } from "./judgeExecutions.ts"
import { judgeLog } from "./judgeLog.ts"
import { judgeReaders } from "./judgeReaders.ts"

/** Says in words what a history has that no plain list of events, written to by one at a time, could have led to. */
export const judge = (history: History): ReadonlyArray<string> => {
  const facts = gather(history)
  return [
    ...history.faults,
    ...judgeLog(facts),
    ...judgeAppends(facts),
    ...judgeExecutions(facts),
    ...judgeReaders(facts)
  ]
}
