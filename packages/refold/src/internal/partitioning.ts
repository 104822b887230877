import type { StreamId } from "../StreamId.ts"

/**
 * To which of so many partitions a text falls. What has been handled depends on it, so it must never change: FNV-1a
 * (Fowler, Noll and Vo) over UTF-16 code units.
 */
export const of = (text: string, partitions: number): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0) % partitions
}

/** The same for streams, in memory. */
export const ofStream = ({ category, id, tenant }: StreamId, partitions: number): number =>
  of(`${tenant}\0${category}\0${id}`, partitions)
