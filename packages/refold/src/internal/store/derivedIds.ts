import * as Effect from "effect/Effect"

/**
 * Ids that follow from a text and a number: a UUID of version 8 (RFC 9562) that holds the beginning of a SHA-256, with the
 * number added to its last 32 bits.
 */
export const make = (parts: ReadonlyArray<string>): Effect.Effect<(index: number) => string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(parts)))),
    (digest) => {
      const bytes = new Uint8Array(digest, 0, 16)
      bytes[6] = (bytes[6]! & 0x0f) | 0x80
      bytes[8] = (bytes[8]! & 0x3f) | 0x80
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
      const prefix = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${
        hex.slice(20, 24)
      }`
      const start = Number.parseInt(hex.slice(24), 16)
      return (index) => prefix + ((start + index) % 0x1_0000_0000).toString(16).padStart(8, "0")
    }
  )
