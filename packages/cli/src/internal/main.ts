#!/usr/bin/env node
/** The program `refold`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { exporting, importing } from "./archive.ts"
import { events, streams } from "./log.ts"
import { migrate } from "./migrate.ts"
import { tellProblem, type Told } from "./print.ts"
import { projections } from "./projections.ts"

const refold = Command.make("refold").pipe(
  Command.withDescription("Looks after an event store on PostgreSQL, or in a folder"),
  Command.withSubcommands([projections, streams, events, exporting, importing, migrate])
)

// whoever reads a pipe may have seen enough
process.stdout.on("error", (error) => {
  if ("code" in error && error.code === "EPIPE") process.exit(0)
  throw error
})

Command.run(refold, { version: "0.1.0" }).pipe(
  Effect.catch((error): Effect.Effect<never, CliError.CliError | Told> =>
    CliError.isCliError(error) ? Effect.fail(error) : tellProblem(error)
  ),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
