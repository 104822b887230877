/**
 * How a command ends that lost a race: with a conflict a person must hear of, or because it lost too often.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { ConflictingPair } from "./Conflicts.ts"
import type { Tagged } from "./Decider.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"
import * as StreamId from "./StreamId.ts"

/**
 * Somebody else's events got there first and the order matters. Nothing was appended.
 *
 * **Details**
 *
 * `expected` is the version the command knew, `actual` the stream's; if `seen` was beyond the end of the stream, there is
 * nothing in `theirs` and `pairs`. `theirs` is all that was appended in between, and
 * `pairs` the decided events and theirs that collide, with everything needed to say "Ann changed the status while you
 * were editing".
 *
 * @category errors
 * @since 0.1.0
 */
export class Conflict<Event extends Tagged> extends Data.TaggedError("Conflict")<{
  readonly stream: StreamId.StreamId
  readonly expected: number
  readonly actual: number
  readonly theirs: ReadonlyArray<RecordedEvent<Tagged>>
  readonly pairs: ReadonlyArray<ConflictingPair<Tagged>>
}> {
  declare readonly theirs: ReadonlyArray<RecordedEvent<Event>>
  declare readonly pairs: ReadonlyArray<ConflictingPair<Event>>

  override get message(): string {
    const name = StreamId.format(this.stream)
    const [pair] = this.pairs
    if (pair === undefined) {
      return `${name}: expected version ${this.expected}, but the stream is at version ${this.actual}`
    }
    const { mine, theirs } = pair
    const by = theirs.metadata.actor === undefined ? "" : ` by ${theirs.metadata.actor}`
    return `${name}: ${mine._tag}, decided at version ${this.expected}, collides with ${theirs.event._tag}${by} ` +
      `at version ${theirs.version}`
  }
}

/**
 * The command was tried again and again, and each time somebody was faster. Nothing was appended.
 *
 * @category errors
 * @since 0.1.0
 */
export class RetriesExhausted extends Data.TaggedError("RetriesExhausted")<{
  readonly stream: StreamId.StreamId
  readonly attempts: number
}> {
  override get message(): string {
    return `${
      StreamId.format(this.stream)
    }: gave up after ${this.attempts} tries to append, each on a state that had ` +
      `already changed; raise \`attempts\` or put fewer writers on this stream`
  }
}
