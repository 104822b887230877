import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"

/** A stream's name as it appears everywhere: the category, which ends with the first dash, and the id. */
export interface StreamName {
  readonly category: string
  readonly id: string
}

export const parse = (text: string): StreamName | undefined => {
  const dash = text.indexOf("-")
  return dash <= 0 || dash === text.length - 1
    ? undefined
    : { category: text.slice(0, dash), id: text.slice(dash + 1) }
}

export const flag = Flag.String("stream").pipe(
  Flag.withDescription("Only this stream, such as Lead-1410"),
  Flag.withMetavar("CATEGORY-ID"),
  Flag.filterMap(
    (text) => {
      const name = parse(text)
      return name === undefined ? Option.none() : Option.some(name)
    },
    (text) => `"${text}" is no stream: its category, a dash and its id, such as Lead-1410`
  ),
  Flag.optional
)
