/**
 * Values that only one instance of an aggregate may have at a time.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { Types } from "./Decider.ts"
import * as StreamId from "./StreamId.ts"

/**
 * What a state has under a rule: one value, several, or none. The empty string is none, too.
 *
 * @category models
 * @since 0.1.0
 */
export type Values = string | ReadonlyArray<string> | undefined

/**
 * A rule: no two instances of the same tenant may have the same value.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rule<in State> {
  readonly name: string
  readonly valuesOf: (state: State) => Values
}

/**
 * Another instance has the value. Nothing was appended.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotUnique<out Name extends string> extends Data.TaggedError("NotUnique")<{
  /** Who wanted it. */
  readonly stream: StreamId.StreamId
  readonly rule: string
  readonly value: string
  /** The id of the instance that has it. */
  readonly holder: string
}> {
  declare readonly rule: Name

  override get message(): string {
    const { category, id } = this.stream
    return `${StreamId.format({ ...this.stream, id })}: ${this.rule} ${JSON.stringify(this.value)} belongs to ` +
      StreamId.format({ ...this.stream, category, id: this.holder })
  }
}

/**
 * What commands are refused with under rules of these names; nothing if there are none.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Refusal<Name extends string> = [Name] extends [never] ? never : NotUnique<Name>

/**
 * The names of an aggregate's rules.
 *
 * @category utility types
 * @since 0.1.0
 */
export type RuleOf<T extends Types> = Extract<T["Rejection"], NotUnique<string>>["rule"]
