/**
 * A conflict table to look at: for the terminal, for a page, and as a picture.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Conflicts, Verdict } from "refold/Conflicts"
import type { Tagged } from "refold/Decider"
import * as Markdown from "./internal/matrix/markdown.ts"
import * as Svg from "./internal/matrix/svg.ts"
import * as Text from "./internal/matrix/text.ts"

/**
 * What the table says of every pair of event types: a row for each of mine, with a cell for each of theirs.
 *
 * @category models
 * @since 0.1.0
 */
export interface ConflictMatrix {
  readonly title: string
  readonly tags: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<Cell>>
}

/**
 * What becomes of my event, placed after theirs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cell extends Annotation {
  readonly mine: string
  readonly theirs: string
  /** Strictest first; more than one where it depends on what is in the events. */
  readonly verdicts: NonEmptyReadonlyArray<Verdict>
}

/**
 * What is known of a pair beside its verdict.
 *
 * @category models
 * @since 0.1.0
 */
export interface Annotation {
  /** No state accepts both, so the verdict does not matter. */
  readonly exclusive?: boolean | undefined
  /** A laxer verdict nothing was found to speak against. */
  readonly enough?: Verdict | undefined
}

/**
 * The matrix of a conflict table.
 *
 * **Example**
 *
 * ```ts
 * const matrix = ConflictMatrix.make(Lead.conflicts, { title: Lead.category })
 * console.log(ConflictMatrix.toText(matrix))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Event extends Tagged>(
  { tags, verdicts }: Conflicts<Event>,
  options: {
    readonly title: string
    readonly annotate?: ((mine: Event["_tag"], theirs: Event["_tag"]) => Annotation) | undefined
  }
): ConflictMatrix => ({
  title: options.title,
  tags,
  rows: tags.map((mine) =>
    tags.map((theirs) => ({ ...options.annotate?.(mine, theirs), mine, theirs, verdicts: verdicts(mine, theirs) }))
  )
})

/**
 * For the terminal: one mark per pair, and a legend of the marks that occur. The columns go by the numbers of the rows, so
 * long names take no room.
 *
 * @category rendering
 * @since 0.1.0
 */
export const toText: (self: ConflictMatrix) => string = Text.render

/**
 * A Markdown table without a heading. An empty cell commutes.
 *
 * @category rendering
 * @since 0.1.0
 */
export const toMarkdown: (self: ConflictMatrix) => string = Markdown.render

/**
 * A picture that needs nothing else: the verdicts differ in shape as well as in colour, and every cell says in words what it
 * is. It brings its own background, a dark one where the reader prefers that.
 *
 * @category rendering
 * @since 0.1.0
 */
export const toSvg: (self: ConflictMatrix) => string = Svg.render
