/** The leads as they are now: a view, whose rows the store keeps. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { View, Views } from "refold"
import { Lead, LeadState } from "../Lead.ts"

export const view = View.make("lead-list", {
  version: 1,
  from: [Lead],
  state: Schema.Struct({ lead: LeadState, version: Schema.Int }),
  initial: { lead: Lead.initial, version: 0 },
  evolve: ({ lead }, { event, version }) => ({ lead: Lead.evolve(lead, event), version })
})

/** With all that is in the log, however far the view itself has come; or as far as that can be read. */
export const read = Effect.catchReason(
  Views.all(view, { consistency: "current" }),
  "EventStoreError",
  "UnreadableEvent",
  () => Views.all(view)
)
