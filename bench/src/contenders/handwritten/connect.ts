import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Client, type ClientConfig } from "pg"
import type { BenchFailure } from "../../BenchFailure.ts"
import { attempt } from "../Contender.ts"

/** An option that the types of the driver do not know yet. */
interface Config extends ClientConfig {
  readonly pipeline: boolean
}

/** A connection that lives as long as the scope. On a pipelined one, queries need not wait for the answers before them. */
export const connect = (url: string, pipeline: boolean): Effect.Effect<Client, BenchFailure, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(async () => {
      const config: Config = { connectionString: url, pipeline }
      const client = new Client(config)
      await client.connect()
      // plans are made while the tables are small
      await client.query("set enable_seqscan = off")
      return client
    }),
    (client) => Effect.promise(() => client.end())
  )
