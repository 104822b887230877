/**
 * Provides one PostgreSQL server to all test files of a run: the one at REFOLD_TEST_PG_URL, whose role must be allowed
 * to make databases, or else a throw-away one.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Path from "node:path"
import type { TestProject } from "vitest/node"
import * as EmbeddedPostgres from "./EmbeddedPostgres.ts"
import * as TestServer from "./TestServer.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** The address of the server's own database; see `TestDatabase.ts` for one to work in. */
    readonly postgresUrl: string
  }
}

// hundreds of processes are started that load the same sources
process.env["NODE_COMPILE_CACHE"] ??= Path.resolve(import.meta.dirname, "../../node_modules/.cache/node-compile")

export default async function setup(project: TestProject) {
  const given = process.env["REFOLD_TEST_PG_URL"]
  if (given !== undefined && given !== "") {
    await Effect.runPromise(TestServer.dropStaleDatabases(given, "6 hours"))
    project.provide("postgresUrl", given)
    return undefined
  }
  const scope = Scope.makeUnsafe()
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  try {
    const { url } = await Effect.runPromise(Scope.provide(EmbeddedPostgres.make(), scope))
    project.provide("postgresUrl", url)
  } catch (error) {
    await close()
    throw error
  }
  return close
}
