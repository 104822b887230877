/** A session in PostgreSQL's wire protocol, as a stream like a socket to a server. */
import type { Notification } from "@effect/sql-pg/PgConnection"
import { encodeSync } from "@effect/sql-pg/PgProtocol"
import { Duplex } from "node:stream"
import type { Backend } from "./Backend.ts"
import { NotificationScanner } from "./NotificationScanner.ts"

const sslRequest = 80877103
const gssRequest = 80877104
const cancelRequest = 80877102
const protocolVersion = 3
const terminate = "X".charCodeAt(0)

export class WireStream extends Duplex {
  readonly #backend: Backend
  readonly #deliver: (notification: Notification) => void
  readonly #scanner = new NotificationScanner()
  #unread: Buffer = Buffer.alloc(0)
  #started = false

  constructor(backend: Backend, deliver: (notification: Notification) => void) {
    super()
    this.#backend = backend
    this.#deliver = deliver
  }

  // Answers are pushed as they come; there is never more to read than was asked for.
  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk])
    this.#answer().then(() => callback(), callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    callback()
    this.destroy()
  }

  /** The server outlives its sessions, so what this one leaves behind is undone before the next one begins. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#started) this.#backend.execute(endOfSession).catch(() => {})
    callback(error)
  }

  async #answer(): Promise<void> {
    if (!this.#started) return this.#greet()
    const messages = this.#take(endOfMessages(this.#unread))
    if (messages.length > 0) await this.#forward(messages)
    if (this.#unread[0] === terminate) this.destroy()
  }

  /** The first packet of a connection has no type; the server itself answers only the one that starts a session. */
  async #greet(): Promise<void> {
    if (this.#unread.length < 8) return
    const length = this.#unread.readInt32BE(0)
    if (this.#unread.length < length) return
    const packet = this.#take(length)
    const code = packet.readInt32BE(4)
    if (code === sslRequest || code === gssRequest) {
      this.push("N")
    } else if (code === cancelRequest) {
      // Nobody reads this while a statement runs. Hanging up tells the client not to wait.
      this.destroy()
    } else if (code >>> 16 === protocolVersion) {
      this.#started = true
      await this.#forward(packet)
    } else {
      throw new Error(`Unsupported protocol version ${code >>> 16}.${code & 0xffff}`)
    }
    return this.#answer()
  }

  #take(length: number): Buffer {
    const taken = this.#unread.subarray(0, length)
    this.#unread = this.#unread.subarray(length)
    return taken
  }

  async #forward(messages: Buffer): Promise<void> {
    for (const bytes of await this.#backend.execute(messages)) {
      this.#scanner.scan(bytes).forEach(this.#deliver)
      this.push(bytes)
    }
  }
}

/** Where the complete messages at the beginning end, not counting a request to terminate. */
const endOfMessages = (bytes: Buffer): number => {
  let end = 0
  while (bytes.length - end >= 5 && bytes[end] !== terminate) {
    const next = end + 1 + bytes.readInt32BE(end + 1)
    if (next > bytes.length) break
    end = next
  }
  return end
}

const query = (sql: string): Buffer => {
  const header = Buffer.from("Q0000")
  header.writeInt32BE(4 + Buffer.byteLength(sql) + 1, 1)
  return Buffer.concat([header, Buffer.from(`${sql}\0`)])
}

/** Everything `DISCARD ALL` does, except that channels stay listened to: they belong to no session here. */
const endOfSession = Buffer.concat([
  // Ends the skipping of messages after an error.
  encodeSync(),
  query("ROLLBACK"),
  query(
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; DEALLOCATE ALL; SELECT pg_advisory_unlock_all(); " +
      "DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES"
  )
])
