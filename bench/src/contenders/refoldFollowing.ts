/** refold as a follower of the log: a subscription, and a projection that reads in the transaction of its checkpoint. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import * as Projection from "refold/Projection"
import type { ProjectionStore } from "refold/ProjectionStore"
import type { RecordedEvent } from "refold/RecordedEvent"
import * as Account from "../account.ts"
import * as Audit from "../Audit.ts"
import type { Contender, Follows } from "./Contender.ts"
import * as Refold from "./refold.ts"

const account = Refold.makeAccount()

type Stores = EventStore.EventStore | ProjectionStore

const follower = (
  name: string,
  follow: (each: (event: RecordedEvent<Account.AccountEvent>) => void) => Effect.Effect<unknown, unknown, Stores>
): Contender<Follows> => ({
  name,
  open: ({ url }) =>
    Effect.map(Refold.build(name, url), (context) => {
      const store = Context.get(context, EventStore.EventStore)
      return {
        audit: Audit.ofTable(url, Refold.rows),
        append: (stream) =>
          Effect.runPromise(
            store.append(account, stream, [Account.opened(stream)], { condition: AppendCondition.noStream })
          ),
        follow: (seen) =>
          follow(({ stream }) => seen(stream.id)).pipe(
            Effect.provide(context),
            Effect.orDie,
            Effect.forkScoped,
            Effect.asVoid
          )
      }
    })
})

export const refoldSubscriber = follower(
  "refold, subscribe",
  (each) => Stream.runForEach(EventStore.subscribe([account]), (event) => Effect.sync(() => each(event)))
)

export const refoldProjection = follower("refold, projection", (each) =>
  Projection.run(
    Projection.make("latency", {
      version: 1,
      from: [account],
      handle: (events) => Effect.sync(() => events.forEach(each))
    })
  ))
