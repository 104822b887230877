/**
 * What may go wrong with the rows of a view: with writing them, and with reading them.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * An event concerns a row under a key that cannot be stored: it is too long, has a NUL, or half a surrogate pair.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidKey extends Data.TaggedError("InvalidKey")<{
  readonly view: string
  readonly version: number
  readonly key: string
  readonly position: number
  readonly problem: string
}> {
  override get message(): string {
    return `${this.view} v${this.version}: ${JSON.stringify(this.key.slice(0, 64))}, to which the event at position ` +
      `${this.position} belongs, cannot be a key: ${this.problem}`
  }
}

/**
 * A row that does not fit the schema of its view's state: it was stored under another shape, or its state is one that the
 * schema does not allow. Raise the view's version to build it anew.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnreadableRow extends Data.TaggedError("UnreadableRow")<{
  readonly view: string
  readonly version: number
  readonly key: string
  readonly problem: string
}> {
  override get message(): string {
    return `${this.view} v${this.version}: the row ${JSON.stringify(this.key)} does not fit the schema of its state: ` +
      `${this.problem}; if the state has changed its shape, raise the version of the view`
  }
}

/**
 * This version of a view is not there for readers: nobody has run it yet, or it is still being built beside another one.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotReadable extends Data.TaggedError("NotReadable")<{
  readonly view: string
  readonly version: number
}> {
  override get message(): string {
    return `${this.view} v${this.version} cannot be read yet: run its projection, and if another version is live, rebuild ` +
      `it to take over`
  }
}

/**
 * A view did not come as far as was asked, in time. Does anybody run its projection?
 *
 * @category errors
 * @since 0.1.0
 */
export class NotReached extends Data.TaggedError("NotReached")<{
  readonly view: string
  readonly version: number
  readonly asked: number
  readonly reached: number
}> {
  override get message(): string {
    return `${this.view} v${this.version} has come to position ${this.reached}, not to ${this.asked}; does anybody run it?`
  }
}
