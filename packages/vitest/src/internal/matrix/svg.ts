import type { Cell, ConflictMatrix } from "../../ConflictMatrix.ts"
import { drawCell, size, style } from "./drawing.ts"
import { occurring, sentence } from "./words.ts"

const gap = 4
const step = size + gap
const margin = 24
/** The width of a letter of the names, which are set in a font where all are equal, and of the legend, about. */
const letter = 7.3
const legendLetter = 6.8
const lean = Math.PI / 4

export const render = (matrix: ConflictMatrix): string => {
  const { rows, tags, title } = matrix
  const names = Math.max(0, ...tags.map((tag) => tag.length)) * letter
  const leaning = names * Math.sin(lean)
  const left = margin + Math.max(names, "mine".length * letter) + 14
  const top = margin + 54 + leaning + 16
  const grid = tags.length * step - gap
  const lines = legend(matrix)
  const subtitle = "mine by row, placed after theirs by column"
  const width = Math.ceil(Math.max(
    left + grid + Math.cos(lean) * names + margin,
    margin * 2 + Math.max(title.length * 10, subtitle.length * legendLetter),
    margin * 2 + Math.max(...lines.map(({ length, text }) => length + text.length * legendLetter))
  ))
  const height = Math.ceil(top + grid + 26 + lines.length * (size * 0.75 + 6) + margin - 6)
  const label = (className: string, x: number, y: number, text: string, rest = "") =>
    `<text class="${className}" x="${round(x)}" y="${round(y)}"${rest}>${escape(text)}</text>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escape(title)}: ${subtitle}</title>`,
    style,
    `<rect class="paper" width="${width}" height="${height}" rx="12"/>`,
    label("heading", margin, margin + 14, title),
    label("legend", margin, margin + 36, subtitle),
    ...tags.map((tag, index) => {
      const x = left + index * step + size / 2
      return label("name", x, top - 12, tag, ` transform="rotate(-45 ${round(x)} ${round(top - 12)})"`)
    }),
    ...tags.map((tag, index) => label("name row", left - 12, top + index * step + size / 2 + 4, tag)),
    ...rows.flatMap((row, y) =>
      row.map((cell, x) => drawCell(left + x * step, top + y * step, cell, escape(sentence(cell))))
    ),
    ...lines.map(({ draw, text, length }, index) => {
      const y = top + grid + 26 + index * (size * 0.75 + 6)
      return `<g transform="translate(${margin} ${round(y)})">${draw}</g>` +
        label("legend", margin + length, y + size * 0.375 + 4, text)
    }),
    "</svg>",
    ""
  ].join("\n")
}

/** What the pictures mean, each drawn as it is in the grid. */
const legend = (matrix: ConflictMatrix) => {
  const { conditional, enough, exclusive, verdicts } = occurring(matrix)
  const meaning = {
    commutes: "commutes: mine is placed after theirs as it is",
    redecides: "redecides: mine is decided again on what there is now",
    collides: "collides: the order matters to a person, who is told"
  }
  const sample = (cell: Pick<Cell, "verdicts" | "exclusive" | "enough">, text: string) => ({
    text,
    draw: `<g transform="scale(0.75)">${drawCell(0, 0, { mine: "", theirs: "", ...cell })}</g>`,
    length: size * 0.75 + 10
  })
  return [
    ...verdicts.map((verdict) => sample({ verdicts: [verdict] }, meaning[verdict])),
    ...conditional ? [sample({ verdicts: ["collides", "redecides"] }, "it depends on what is in the two events")] : [],
    ...exclusive ? [sample({ verdicts: ["commutes"], exclusive: true }, "no state accepts both: does not matter")] : [],
    ...enough
      ? [sample({ verdicts: ["collides"], enough: "commutes" }, "stricter than any counterexample that was found")]
      : []
  ]
}

const round = (length: number): number => Math.round(length * 10) / 10

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")
