/** The promises, held against what came out. */
import type { Row } from "./measure.ts"
import type { Ceiling, Floor, Work } from "./works/Work.ts"

export interface Ratio extends Floor {
  readonly work: string
  readonly ratio: number
  readonly holds: boolean
}

export type Height = Ceiling & {
  readonly work: string
  readonly found: number
  readonly holds: boolean
}

const rowOf = (rows: ReadonlyArray<Row>, work: string, clients: number, contender: string): Row | undefined =>
  rows.find((row) => row.work === work && row.clients === clients && row.contender === contender)

/** The ratio of the medians for each floor whose two contenders were measured. */
export const ratios = (works: ReadonlyArray<Work>, rows: ReadonlyArray<Row>): ReadonlyArray<Ratio> =>
  works.flatMap(({ floors, key }) =>
    floors.flatMap((floor) => {
      const rate = (contender: string) => rowOf(rows, key, floor.clients, contender)?.median
      const [mine, theirs] = [rate(floor.of), rate(floor.against)]
      if (mine === undefined || theirs === undefined) return []
      const ratio = mine / theirs
      return [{ ...floor, work: key, ratio, holds: ratio >= floor.atLeast }]
    })
  )

/** What was reached of each ceiling whose contenders were measured. */
export const heights = (works: ReadonlyArray<Work>, rows: ReadonlyArray<Row>): ReadonlyArray<Height> =>
  works.flatMap(({ ceilings = [], key }) =>
    ceilings.flatMap((ceiling) => {
      const found = heightOf(ceiling, (contender) => rowOf(rows, key, ceiling.clients, contender))
      return found === undefined ? [] : [{ ...ceiling, work: key, found, holds: found <= ceiling.atMost }]
    })
  )

const heightOf = (ceiling: Ceiling, row: (contender: string) => Row | undefined): number | undefined => {
  const mine = row(ceiling.of)
  if (!("against" in ceiling)) return mine?.[ceiling.figure]
  const theirs = row(ceiling.against)
  if (mine?.memory === undefined || theirs?.memory === undefined) return undefined
  return mine.memory[ceiling.figure] / theirs.memory[ceiling.figure]
}
