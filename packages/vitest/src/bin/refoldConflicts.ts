#!/usr/bin/env node
/** `npx refold-conflicts src/Lead.ts`: the conflict tables of a module's aggregates, and what the laws say of them. */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { readFileSync } from "node:fs"
import { command } from "../internal/cli/command.ts"
import * as Environment from "../internal/cli/environment.ts"

const manifest: { readonly version: string } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8")
)

// The modules that were loaded may keep a process alive, with a connection for example: it ends when the work is done.
const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  fiber.addObserver((exit) => teardown(exit, (code) => process.stdout.write("", () => process.exit(code))))
})

runMain(Effect.provide(Command.run(command, manifest), Environment.layer))
