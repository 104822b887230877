/**
 * Goes through a log in a process that does nothing else, so that its memory can be told:
 * `node rebuilder.ts <contender> <url>`.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { contenders, type Order, type Reply } from "./contenders/rebuilders.ts"

const [name, url = ""] = process.argv.slice(2)
const scope = Scope.makeUnsafe()
const rebuild = await Effect.runPromise(
  Scope.provide((name === "upsert" ? contenders.upsert : contenders.refold)(url), scope)
)
const answer = (reply: Reply) => process.send?.(reply)

let heap = 0
const look = () => {
  heap = Math.max(heap, process.memoryUsage().heapUsed)
}
setInterval(look, 10).unref()

process.on("message", (order: Order) => {
  globalThis.gc?.()
  void Effect.runPromise(rebuild(order)).then(() => {
    look()
    answer({ rss: process.resourceUsage().maxRSS * 1024, heap })
  })
})
process.once("disconnect", () => void Effect.runPromise(Scope.close(scope, Exit.void)).then(() => process.exit()))
answer({ rss: 0, heap: 0 })
