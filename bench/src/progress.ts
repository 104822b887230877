/** Says on stderr what is under way; stdout is for the results. */
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"

export type Progress = (message: string) => Effect.Effect<void>

export const toStderr: Progress = Console.error
