/** One of several processes that append to one database: `node worker.ts <contender> <url> <clients>`. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { contenders, type Order, type Reply } from "./contenders/processes.ts"
import { perClient } from "./works/Work.ts"

const [name, url = "", clients = "1"] = process.argv.slice(2)
const contender = name === "coalesced" ? contenders.coalesced : contenders.refold

const scope = Scope.makeUnsafe()
const session = await Effect.runPromise(
  Scope.provide(contender.open({ url, clients: Number(clients) }), scope)
)
const answer = (reply: Reply) => process.send?.(reply)

let run: Effect.Effect<number, unknown> = Effect.succeed(0)
process.on("message", (order: Order) => {
  if (order._tag === "Prepare") {
    run = session.append(
      perClient(Number(clients), order.turns, (client, index) => `${order.label}-${client}-${index}`)
    )
    globalThis.gc?.()
    answer({ _tag: "Ready" })
  } else {
    void Effect.runPromise(run).then((count) => answer({ _tag: "Ran", count }))
  }
})
process.once("disconnect", () => void Effect.runPromise(Scope.close(scope, Exit.void)).then(() => process.exit()))
answer({ _tag: "Ready" })
