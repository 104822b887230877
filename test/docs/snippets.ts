/**
 * Takes the programs out of a page: `file=` blocks are its modules, and those named `.test.ts` its tests; `run` blocks are its
 * programs, `output` what they print.
 */

export interface Program {
  readonly line: number
  readonly code: string
  output: string | undefined
}

export interface Page {
  readonly modules: ReadonlyMap<string, string>
  readonly programs: ReadonlyArray<Program>
  /** TypeScript blocks that are neither, by line: nobody would notice if they stopped working. */
  readonly strays: ReadonlyArray<number>
}

export const parse = (markdown: string): Page => {
  const modules = new Map<string, string>()
  const programs: Array<Program> = []
  const strays: Array<number> = []
  for (const block of markdown.matchAll(/^```(\w+)[ ]?([^\n]*)\n(.*?)^```$/gms)) {
    const [, language = "", info = "", code = ""] = block
    const line = markdown.slice(0, block.index).split("\n").length
    if (language === "text" && info === "output") programs.at(-1)!.output = code
    if (language !== "ts") continue
    if (info === "run") programs.push({ line, code, output: undefined })
    else if (info.startsWith("file=")) modules.set(info.slice("file=".length), code)
    else strays.push(line)
  }
  return { modules, programs, strays }
}
