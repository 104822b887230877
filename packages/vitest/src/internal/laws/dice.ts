/** Chance that can be repeated: small and synchronous, as a run rolls it millions of times. */
export interface Dice {
  /** A whole number from 0 up to, but not including, `sides`. */
  readonly below: (sides: number) => number
  readonly chance: (probability: number) => boolean
  /** One of them; `undefined` if there is none. */
  readonly pick: <A>(from: ReadonlyArray<A>) => A | undefined
}

/** Weyl sequence with a mixing step, after Steele, Lea and Flood (2014). */
export const make = (seed: string | number): Dice => {
  let state = 0x811c9dc5
  for (const char of String(seed)) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193)
  const next = () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000
  }
  const below = (sides: number) => Math.floor(next() * sides)
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (from) => from[below(from.length)]
  }
}
