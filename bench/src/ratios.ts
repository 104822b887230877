/** The promises, held against what came out. */
import type { Row } from "./measure.ts"
import type { Floor, Work } from "./works/Work.ts"

export interface Ratio extends Floor {
  readonly work: string
  readonly ratio: number
  readonly holds: boolean
}

/** The ratio of the medians for each floor whose two contenders were measured. */
export const ratios = (works: ReadonlyArray<Work>, rows: ReadonlyArray<Row>): ReadonlyArray<Ratio> =>
  works.flatMap(({ floors, key }) =>
    floors.flatMap((floor) => {
      const rate = (contender: string) =>
        rows.find((row) => row.work === key && row.clients === floor.clients && row.contender === contender)?.median
      const [mine, theirs] = [rate(floor.of), rate(floor.against)]
      if (mine === undefined || theirs === undefined) return []
      const ratio = mine / theirs
      return [{ ...floor, work: key, ratio, holds: ratio >= floor.atLeast }]
    })
  )
