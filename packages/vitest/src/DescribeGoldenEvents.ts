/**
 * Golden events as a test: the file is kept beside it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { readFile } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import type { Tagged } from "refold/Decider"
import type { EventSource } from "refold/EventSource"
import { it } from "vitest"
import * as GoldenEvents from "./GoldenEvents.ts"

/**
 * Registers a test that everything stored so far can be read, as it was before.
 *
 * **Details**
 *
 * The first run writes the file, which belongs into the repository. Later runs hold the code against it. What is new, or is
 * read otherwise on purpose, is recorded as a file snapshot is, with `vitest -u`; the difference is for a reviewer to see.
 * What can no longer be read, or would be written otherwise under the same version, fails whatever the flag. Where
 * `process.env.CI` is set nothing is written: what is not recorded fails.
 *
 * **Example**
 *
 * ```ts
 * import { describeGoldenEvents } from "@refold/vitest/DescribeGoldenEvents"
 * import { Lead } from "../src/Lead.ts"
 *
 * describeGoldenEvents(Lead, { file: "lead.events.json" })
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const describeGoldenEvents = <Event extends Tagged>(
  source: EventSource<Event>,
  { file, ...options }: GoldenEvents.Options & {
    /** Its path, from the folder of the test. */
    readonly file: string
  }
): void =>
  it(`the events of ${source.category} are read as they were recorded, and written as they were`, async ({ expect, task }) => {
    const path = resolve(dirname(task.file.filepath), file)
    const { changes, text } = await Effect.runPromise(GoldenEvents.check(source, await textOf(path), options))
    await expect(text, explain(changes)).toMatchFileSnapshot(path)
  })

/** `undefined` if there is no such file yet. */
const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })

const explain = (changes: ReadonlyArray<string>): string =>
  `${
    changes.map((change) => `- ${change}`).join("\n")
  }\n\nIf that is meant, record it with \`vitest -u\` and review the file.`
