/** How far a partition has come. */
interface Reached {
  readonly partition: number
  readonly position: number
}

/**
 * How far a partition may go that is not of the live version: as far as the live one has come, the same share of it if both
 * are divided alike. Anything is allowed if none is live.
 */
export const limitOf = (
  partition: number,
  partitions: number,
  live: ReadonlyArray<Reached>
): number | undefined => {
  if (live.length === 0) return undefined
  const same = live.length === partitions ? live.find((other) => other.partition === partition) : undefined
  return same?.position ?? Math.min(...live.map(({ position }) => position))
}
