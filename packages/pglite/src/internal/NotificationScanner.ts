import type { Notification } from "@effect/sql-pg/PgConnection"

const notificationResponse = "A".charCodeAt(0)
const headerLength = 5

/** Finds the notifications in what the server sends, wherever the bytes are cut. */
export class NotificationScanner {
  /** The beginning of a message that may be a notification. */
  #partial: Buffer = Buffer.alloc(0)
  /** What is still to come of a message that is none. */
  #skip = 0

  scan(bytes: Buffer): ReadonlyArray<Notification> {
    const found: Array<Notification> = []
    const data = this.#partial.length === 0 ? bytes : Buffer.concat([this.#partial, bytes])
    let offset = this.#skip
    while (offset + headerLength <= data.length) {
      const end = offset + 1 + data.readInt32BE(offset + 1)
      if (data[offset] === notificationResponse) {
        if (end > data.length) break
        found.push(decode(data.subarray(offset + headerLength, end)))
      }
      offset = end
    }
    this.#skip = Math.max(0, offset - data.length)
    this.#partial = data.subarray(offset)
    return found
  }
}

const decode = (body: Buffer): Notification => {
  const channelEnd = body.indexOf(0, 4)
  return {
    processId: body.readInt32BE(0),
    channel: body.toString("utf8", 4, channelEnd),
    payload: body.toString("utf8", channelEnd + 1, body.length - 1)
  }
}
