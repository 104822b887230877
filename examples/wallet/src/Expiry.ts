/** Takes away what has not been spent in time: a timer for each lot, and a command when it is due. */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { Reactor } from "refold"
import { Wallet } from "./Wallet.ts"

export const Expiry = Reactor.make("Expiry", {
  from: [Wallet],
  commands: [Wallet],
  state: Schema.Null,
  initial: null,
  key: ({ stream }) => stream.id,
  react: (_, { event }) =>
    "expires" in event ? { out: [Reactor.timer(DateTime.formatIso(event.expires), event.expires)] } : {},
  due: (_, _timer, { at, key }) => ({
    out: [
      Reactor.command(Wallet, key, { _tag: "SubtractBonusCredits", cents: "expired", at }),
      Reactor.command(Wallet, key, { _tag: "SubtractRefundCredits", cents: "expired", at })
    ]
  })
})
