/**
 * One writer at a time on an instance, for those who ask: how long to wait for it, how long to have it, and how it ends
 * otherwise.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as StreamId from "./StreamId.ts"

/**
 * How to lock.
 *
 * @category models
 * @since 0.1.0
 */
export interface LockOptions {
  /** How long to wait while somebody else has the lock; 10 seconds by default. With 0 it is taken now or not at all. */
  readonly wait?: Duration.Input | undefined
  /**
   * How long the effect may take; 30 seconds by default. It is interrupted after that, and should the process die, others
   * get the lock after that at the latest.
   */
  readonly hold?: Duration.Input | undefined
}

/**
 * Somebody else had the lock for as long as one was willing to wait. The effect has not been run.
 *
 * @category errors
 * @since 0.1.0
 */
export class LockTimeout extends Data.TaggedError("LockTimeout")<{
  readonly stream: StreamId.StreamId
  readonly waited: Duration.Duration
}> {
  override get message(): string {
    return `${StreamId.format(this.stream)}: locked by somebody else, waited ${Duration.format(this.waited)}`
  }
}

/**
 * The effect took longer than it may have the lock, and was interrupted. What it had appended by then stays.
 *
 * @category errors
 * @since 0.1.0
 */
export class LockExpired extends Data.TaggedError("LockExpired")<{
  readonly stream: StreamId.StreamId
  readonly held: Duration.Duration
}> {
  override get message(): string {
    return `${StreamId.format(this.stream)}: interrupted after holding the lock for ${Duration.format(this.held)}; ` +
      `do less inside, or raise \`hold\``
  }
}
