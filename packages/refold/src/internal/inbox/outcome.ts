import * as Schema from "effect/Schema"

/** What became of a command, as it is stored. */
export const Outcome = Schema.TaggedUnion({
  Appended: { version: Schema.Int, position: Schema.Int, events: Schema.Array(Schema.String) },
  Rejected: { reason: Schema.String, message: Schema.String },
  Conflict: { message: Schema.String, expected: Schema.Int, actual: Schema.Int }
})
