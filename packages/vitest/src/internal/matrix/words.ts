import type { Cell, ConflictMatrix } from "../../ConflictMatrix.ts"

/** What a cell says, for those who read it aloud. */
export const sentence = ({ enough, exclusive, mine, theirs, verdicts }: Cell): string =>
  [
    `${mine} after ${theirs}: ${verdicts.join(" or ")}`,
    ...verdicts.length > 1 ? ["depending on the two events"] : [],
    ...exclusive === true ? ["but no state accepts both"] : [],
    ...enough === undefined ? [] : [`though ${enough} would do`]
  ].join(", ")

/** What the cells of a matrix have in common decides what its legend explains. */
export const occurring = ({ rows }: ConflictMatrix) => {
  const cells = rows.flat()
  return {
    verdicts: (["commutes", "redecides", "collides"] as const).filter((verdict) =>
      cells.some(({ verdicts }) => verdicts.includes(verdict))
    ),
    conditional: cells.some(({ verdicts }) => verdicts.length > 1),
    exclusive: cells.some(({ exclusive }) => exclusive === true),
    enough: cells.some(({ enough }) => enough !== undefined)
  }
}
