import * as Data from "effect/Data"

/** The run is worth nothing: something failed, or a contender did not do the work it was timed for. */
export class BenchFailure extends Data.TaggedError("BenchFailure")<{
  readonly message: string
  readonly cause?: unknown
}> {}
