import type * as Effect from "effect/Effect"
import { Client } from "pg"
import type { BenchFailure } from "./BenchFailure.ts"
import { attempt } from "./contenders/Contender.ts"

/** A connection for a moment, for what is not timed. */
export const withClient = <A>(url: string, use: (client: Client) => Promise<A>): Effect.Effect<A, BenchFailure> =>
  attempt(async () => {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      return await use(client)
    } finally {
      await client.end()
    }
  })
