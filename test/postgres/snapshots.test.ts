import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import { EventStore } from "refold/EventStore"
import { openTransaction, startProcess, store, until } from "./fixtures/database.ts"
import { credited, freshId, makeAccount } from "./fixtures/domain.ts"

/** An account with a snapshot at every tenth event; every call is as good as another process. */
const makeSaving = () => {
  const { command, evolve, event, initial, state } = makeAccount()
  return Aggregate.make("Account", {
    command: makeAccount().command,
    event: makeAccount().event,
    state,
    initial,
    evolve,
    decide: (command) => [{ _tag: command._tag === "Credit" ? "Credited" : "Debited", cents: command.cents }],
    conflicts: "commutes",
    snapshots: { every: 10, version: 1 }
  })
}
