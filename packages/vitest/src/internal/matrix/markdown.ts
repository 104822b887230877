import type { Cell, ConflictMatrix } from "../../ConflictMatrix.ts"

const words = ({ enough, exclusive, verdicts }: Cell): string => {
  const declared = verdicts.join(" or ")
  const remarks = [
    ...exclusive === true ? ["never meet"] : [],
    ...enough === undefined ? [] : [`${enough} would do`]
  ]
  if (remarks.length > 0) return `${declared} (${remarks.join(", ")})`
  return declared === "commutes" ? "" : declared
}

/** Aligned as formatters leave it, so that what is generated into a page need not be formatted again. */
export const render = ({ rows, tags }: ConflictMatrix): string => {
  const lines = [
    ["mine, after theirs", ...tags],
    ...rows.map((row, index) => [`**${tags[index]}**`, ...row.map(words)])
  ].map((line) => line.map((text) => text.replaceAll("|", "\\|")))
  const widths = ["", ...tags].map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)))
  const written = lines.map((line) => `| ${line.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`)
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`
  return [...written.slice(0, 1), rule, ...written.slice(1)].join("\n")
}
