/** The transfers of a run, each of which follows from its number. */
import * as Crypto from "node:crypto"

export interface Order {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly cents: number
}

/** What every open account holds in the beginning. */
export const opening = 1000_00

export const accounts = Array.from({ length: 50 }, (_, index) => `account-${index + 1}`)
/** Accounts that are closed before the first transfer. */
export const closed = accounts.slice(-4)
/** Accounts that somebody mentions, and nobody has opened. */
const unknown = ["account-51", "account-52"]
const named = [...accounts, ...unknown]

export const order = (seed: string, number: number): Order => {
  const bytes = Crypto.createHash("sha256").update(`${seed} ${number}`).digest()
  const from = bytes.readUInt32BE(0) % named.length
  const to = (from + 1 + bytes.readUInt32BE(4) % (named.length - 1)) % named.length
  const cents = 1 + bytes.readUInt32BE(8) % (opening / 4)
  return { id: `transfer-${number}`, from: named[from] ?? "", to: named[to] ?? "", cents }
}
