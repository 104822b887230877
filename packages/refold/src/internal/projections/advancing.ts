import type { RecordedEvent } from "../../RecordedEvent.ts"
import type { Row, Types, View } from "../../View.ts"

/** The row after an event, or the very same row if it has had that event already. */
export const advance = <T extends Types>(
  self: View<T>,
  row: Row<T["State"]> | undefined,
  recorded: RecordedEvent<T["Event"]>,
  key: string
): Row<T["State"]> =>
  row !== undefined && recorded.position <= row.position
    ? row
    : { state: self.evolve(row?.state ?? self.initial, recorded, key), position: recorded.position }
