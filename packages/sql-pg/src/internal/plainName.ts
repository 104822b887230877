import * as Effect from "effect/Effect"

/** Statements contain the name of the schema: anything but a plain one is a fault of the program. */
export const plainName = (schema: string): Effect.Effect<void> =>
  /^[a-z_][a-z0-9_]{0,50}$/.test(schema)
    ? Effect.void
    : Effect.die(new Error(`"${schema}" cannot be the name of the schema: use a-z, 0-9 and _, at most 51`))
