/** As many bits as each step of a round rotates by. */
const shifts = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]] as const

const sines = Int32Array.from({ length: 64 }, (_, step) => Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32) | 0)

/** The hash that the database divides streams by (RFC 1321), as hexadecimal digits: not every platform has it. */
export const md5 = (text: string): string => {
  const bytes = new TextEncoder().encode(text)
  const blocks = new Uint8Array(((bytes.length + 8 >> 6) + 1) * 64)
  blocks.set(bytes)
  blocks[bytes.length] = 0x80
  const view = new DataView(blocks.buffer)
  view.setBigUint64(blocks.length - 8, BigInt(bytes.length) * BigInt(8), true)

  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
  for (let block = 0; block < blocks.length; block += 64) {
    let [a = 0, b = 0, c = 0, d = 0] = state
    for (let step = 0; step < 64; step++) {
      const round = step >> 4
      const [mixed, word] = mix(round, step, b, c, d)
      const sum = a + mixed + sines[step]! + view.getInt32(block + word * 4, true) | 0
      const shift = shifts[round]![step & 3]!
      a = d
      d = c
      c = b
      b = b + (sum << shift | sum >>> 32 - shift) | 0
    }
    for (const [index, word] of [a, b, c, d].entries()) state[index]! += word
  }
  return Array.from(new Uint8Array(state.buffer), (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** What a step mixes in, and which word of the block it takes. */
const mix = (round: number, step: number, b: number, c: number, d: number): readonly [mixed: number, word: number] => {
  switch (round) {
    case 0:
      return [b & c | ~b & d, step]
    case 1:
      return [d & b | ~d & c, (5 * step + 1) % 16]
    case 2:
      return [b ^ c ^ d, (3 * step + 5) % 16]
    default:
      return [c ^ (b | ~d), 7 * step % 16]
  }
}
