import type { Verdict } from "refold/Conflicts"
import type { Cell } from "../../ConflictMatrix.ts"

/** The side of a cell. */
export const size = 36

export const style = `<style>
  .paper { fill: #ffffff; stroke: #d5dae1 }
  .heading { font: 600 16px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1c2430 }
  .name { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1c2430 }
  .row { text-anchor: end }
  .legend { font: 13px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #4a5566 }
  .commutes { fill: #eef2f6 } .commutes.mark { fill: #8b98a9 }
  .redecides { fill: #f6d58a } .redecides.mark { fill: none; stroke: #6b4700 }
  .collides { fill: #cf3f4a } .collides.mark { fill: none; stroke: #ffffff }
  .mark { stroke-width: 3; stroke-linecap: round; stroke-linejoin: round }
  .exclusive { fill: none; stroke: #8b98a9; stroke-dasharray: 3 4 } .faded { opacity: 0.3 }
  .enough { fill: #ffffff; stroke: #1c2430; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #161b22; stroke: #38414d } .heading, .name { fill: #e8edf3 } .legend { fill: #aab5c2 }
    .commutes { fill: #242c37 } .commutes.mark { fill: #7d8a9b }
    .redecides { fill: #d9a83c } .redecides.mark { stroke: #2b1d00 }
    .exclusive { stroke: #7d8a9b } .enough { fill: #161b22; stroke: #e8edf3 }
  }
</style>`

/** A verdict is a dot, an arrow in a circle or a cross, whatever its colour; drawn about 0 0. */
const marks = {
  commutes: `<circle class="commutes mark" r="3.5"/>`,
  redecides: `<path class="redecides mark" d="M7.6 -2.8 A8 8 0 1 0 7.6 2.8 M8.6 -8.4 L8.1 -2.4 L2.2 -3.2"/>`,
  collides: `<path class="collides mark" d="M-6.5 -6.5 L6.5 6.5 M6.5 -6.5 L-6.5 6.5"/>`
}

const at = (x: number, y: number, drawn: string, scale = 1): string =>
  `<g transform="translate(${x} ${y})${scale === 1 ? "" : ` scale(${scale})`}">${drawn}</g>`

const square = (className: string) => `<rect class="${className}" width="${size}" height="${size}" rx="6"/>`

/** Of two verdicts the stricter has the upper left half. */
const halves = (first: Verdict, second: Verdict): string =>
  square(second) +
  `<path class="${first}" d="M6 0 H${size} L0 ${size} V6 A6 6 0 0 1 6 0 Z"/>` +
  at(size * 0.29, size * 0.29, marks[first], 0.6) +
  at(size * 0.71, size * 0.71, marks[second], 0.6)

export const drawCell = (x: number, y: number, { enough, exclusive, verdicts }: Cell, title = ""): string => {
  const [first, second, third] = verdicts
  const drawn = second === undefined
    ? square(first) + at(size / 2, size / 2, marks[first])
    : halves(first, second) + (third === undefined ? "" : at(size * 0.5, size * 0.5, marks[third], 0.6))
  return at(
    Math.round(x * 10) / 10,
    Math.round(y * 10) / 10,
    (title === "" ? "" : `<title>${title}</title>`) +
      (exclusive === true ? `<g class="faded">${drawn}</g>${square("exclusive")}` : drawn) +
      (enough === undefined ? "" : `<circle class="enough" cx="${size - 4}" cy="4" r="4"/>`)
  )
}
