/*
 * UUIDs of version 7 (RFC 9562): they grow with time, so that an index on them is written at its end. Random bytes are
 * fetched many at a time, which is what makes an id cheap.
 */

const pool = new Uint8Array(8_192)
let used = pool.length

let lastMillis = 0
let counter = 0
/** What the ids of one millisecond begin with. */
let prefix = ""

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

const randomBytes = (size: number): number => {
  if (used + size > pool.length) {
    globalThis.crypto.getRandomValues(pool)
    used = 0
  }
  used += size
  return used - size
}

const setTime = (millis: number): void => {
  lastMillis = millis
  const digits = millis.toString(16).padStart(12, "0")
  prefix = `${digits.slice(0, 8)}-${digits.slice(8)}-`
}

/** The next id. Within a millisecond, 12 bits count from a random start; when they run out, time is ahead by one. */
export const make = (): string => {
  const start = randomBytes(10)
  const now = Date.now()
  if (now > lastMillis) {
    setTime(now)
    counter = (pool[start]! << 3) | (pool[start + 1]! >> 5)
  } else if (++counter > 0xfff) {
    setTime(lastMillis + 1)
    counter = 0
  }
  const at = (index: number) => hex[pool[start + index]!]!
  return `${prefix}${hex[0x70 | (counter >>> 8)]!}${hex[counter & 0xff]!}-${hex[0x80 | (pool[start + 2]! & 0x3f)]!}${
    at(3)
  }-${at(4)}${at(5)}${at(6)}${at(7)}${at(8)}${at(9)}`
}
