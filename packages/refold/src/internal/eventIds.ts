/*
 * UUIDs of version 7 (RFC 9562): they grow with time, so that an index on them is written at its end. Random bytes are
 * fetched many at a time, which is what makes an id cheap.
 */

const pool = new Uint8Array(8_192)
let used = pool.length

let lastMillis = 0
let counter = 0

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

const randomBytes = (size: number): number => {
  if (used + size > pool.length) {
    globalThis.crypto.getRandomValues(pool)
    used = 0
  }
  used += size
  return used - size
}

/** The next id. Within a millisecond, 12 bits count from a random start; when they run out, time is ahead by one. */
export const make = (): string => {
  const start = randomBytes(10)
  const now = Date.now()
  if (now > lastMillis) {
    lastMillis = now
    counter = (pool[start]! << 3) | (pool[start + 1]! >> 5)
  } else if (++counter > 0xfff) {
    lastMillis++
    counter = 0
  }
  const high = Math.floor(lastMillis / 0x1_0000)
  const low = lastMillis % 0x1_0000
  const at = (index: number) => hex[pool[start + index]!]!
  return hex[(high >>> 24) & 0xff]! + hex[(high >>> 16) & 0xff]! + hex[(high >>> 8) & 0xff]! + hex[high & 0xff]! + "-" +
    hex[low >>> 8]! + hex[low & 0xff]! + "-" +
    hex[0x70 | (counter >>> 8)]! + hex[counter & 0xff]! + "-" +
    hex[0x80 | (pool[start + 2]! & 0x3f)]! + at(3) + "-" +
    at(4) + at(5) + at(6) + at(7) + at(8) + at(9)
}
