/** What the server writes about itself, which is where the reasons for its end are. */
export class ServerLog {
  /** Whether the server has aborted. */
  crashed = false
  #lines: Array<string> = []

  /** The value tells PGlite not to print the line. Lines of a statement or a message start with a tab. */
  readonly add = (line: string): boolean => {
    if (line.startsWith("Aborted(")) this.crashed = true
    this.#lines.push(line)
    return false
  }

  readonly forget = (): void => {
    this.#lines = []
  }

  /** Why the server gave up, without the time and process of each line. */
  readonly reason = (): string | undefined => {
    const reasons = this.#lines.flatMap((line) =>
      /(?:\b(?:FATAL|PANIC|DETAIL|HINT):|^postgres:) +(.*)$/.exec(line)?.[1] ?? []
    )
    return reasons.length === 0 ? undefined : reasons.join(" ")
  }
}
