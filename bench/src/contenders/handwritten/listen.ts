/** The limit of following: a page for each notification, which the hand-written append sends with its commit. */
import * as Effect from "effect/Effect"
import { attempt, type Contender, type Follows } from "../Contender.ts"
import { coalesced } from "./coalesced.ts"
import { connect } from "./connect.ts"
import { pageSize, readPage } from "./pages.ts"

export const listen: Contender<Follows> = {
  name: "listen",
  open: Effect.fnUntraced(function*(target) {
    const session = yield* coalesced.open(target)
    const listener = yield* connect(target.url, false)
    return {
      audit: session.audit,
      append: (stream) => Effect.runPromise(session.append([[stream]])),
      follow: (seen) =>
        attempt(async () => {
          let after = "0"
          let isAsked = false
          let isLooking = false
          const look = async () => {
            isAsked = true
            if (isLooking) return
            isLooking = true
            while (isAsked) {
              isAsked = false
              const rows = await readPage(listener, after, pageSize)
              for (const { stream } of rows) seen(stream)
              after = rows.at(-1)?.position ?? after
            }
            isLooking = false
          }
          listener.on("notification", () => void look())
          await listener.query("listen events")
        })
    }
  })
}
