import type { Notification } from "@effect/sql-pg/PgConnection"
import * as PgProtocol from "@effect/sql-pg/PgProtocol"
import { assert, it } from "@effect/vitest"
import type { Backend } from "@refold/pglite/internal/Backend"
import { WireStream } from "@refold/pglite/internal/WireStream"
import * as Effect from "effect/Effect"
import { once } from "node:events"

const startup = PgProtocol.encodeStartupMessage({ user: "postgres" })
const sync = PgProtocol.encodeSync()

/** Records what reaches the server and answers with what `answer` says. */
const recorder = (answer: (messages: string) => Promise<ReadonlyArray<Buffer>> = async () => []) => {
  const received: Array<string> = []
  const backend: Backend = {
    execute: (messages) => {
      const text = Buffer.from(messages).toString("latin1")
      received.push(text)
      return answer(text)
    }
  }
  return { backend, received }
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1")

const written = (stream: WireStream, bytes: Uint8Array) =>
  Effect.promise(() => new Promise<void>((resolve) => stream.write(bytes, () => resolve())))

it.effect("A message reaches the server once it is complete, however its bytes arrive", () =>
  Effect.gen(function*() {
    const { backend, received } = recorder()
    const stream = new WireStream(backend, () => {})
    for (const byte of Buffer.concat([startup, sync, PgProtocol.encodeClose({ target: "statement", name: "a" })])) {
      yield* written(stream, Buffer.of(byte))
    }
    assert.deepStrictEqual(
      received,
      [startup, sync, PgProtocol.encodeClose({ target: "statement", name: "a" })].map(text)
    )
  }))

it.effect("Messages that arrive together reach the server together", () =>
  Effect.gen(function*() {
    const { backend, received } = recorder()
    const stream = new WireStream(backend, () => {})
    yield* written(stream, Buffer.concat([startup, sync, sync, sync.subarray(0, 3)]))
    assert.deepStrictEqual(received, [text(startup), text(sync) + text(sync)])
  }))

it.effect("A request for encryption is declined and the session starts without it", () =>
  Effect.gen(function*() {
    const { backend, received } = recorder()
    const stream = new WireStream(backend, () => {})
    yield* written(stream, PgProtocol.encodeSslRequest())
    assert.strictEqual(String(stream.read()), "N")
    yield* written(stream, startup)
    assert.deepStrictEqual(received, [text(startup)])
  }))

it.live("A request to cancel hangs up at once, even while a statement runs", () =>
  Effect.gen(function*() {
    const { backend, received } = recorder(() => new Promise(() => {}))
    const busy = new WireStream(backend, () => {})
    busy.write(startup)
    const cancel = new WireStream(backend, () => {})
    const closed = once(cancel, "close")
    cancel.write(PgProtocol.encodeCancelRequest({ pid: 1, secret: 2 }))
    yield* Effect.promise(() => closed)
    assert.deepStrictEqual(received, [text(startup)])
  }))

it.live("An unknown version of the protocol is refused", () =>
  Effect.gen(function*() {
    const stream = new WireStream(recorder().backend, () => {})
    const failed = once(stream, "error")
    stream.write(Buffer.from([0, 0, 0, 8, 0, 2, 0, 0]))
    assert.match(String(yield* Effect.promise(() => failed)), /Unsupported protocol version 2\.0/)
  }))

for (
  const [name, end] of [
    ["says goodbye", (stream: WireStream) => stream.end(PgProtocol.encodeTerminate())],
    ["says goodbye and stays", (stream: WireStream) => stream.write(PgProtocol.encodeTerminate())],
    ["leaves without a word", (stream: WireStream) => stream.end()],
    ["is cut off", (stream: WireStream) => stream.destroy()]
  ] as const
) {
  it.live(`The server is cleaned up after a session that ${name}`, () =>
    Effect.gen(function*() {
      const { backend, received } = recorder()
      const stream = new WireStream(backend, () => {})
      const closed = once(stream, "close")
      yield* written(stream, startup)
      end(stream)
      yield* Effect.promise(() => closed)
      assert.strictEqual(received.length, 2)
      assert.match(received[1]!, /^S.*ROLLBACK.*DEALLOCATE ALL/s)
    }))
}

it.live("A failing server fails the session", () =>
  Effect.gen(function*() {
    const stream = new WireStream(recorder(() => Promise.reject(new Error("crashed"))).backend, () => {})
    const failed = once(stream, "error")
    stream.write(startup)
    assert.match(String(yield* Effect.promise(() => failed)), /crashed/)
  }))

const message = (type: string, ...body: ReadonlyArray<Uint8Array>) => {
  const header = Buffer.from(`${type}0000`)
  header.writeInt32BE(4 + Buffer.concat(body).length, 1)
  return Buffer.concat([header, ...body])
}

it.effect("Notifications are found wherever the answer is cut", () =>
  Effect.gen(function*() {
    const answer = Buffer.concat([
      message("C", Buffer.from("SELECT 1\0")),
      message("A", Buffer.from([0, 0, 0, 42]), Buffer.from("one\0A\0")),
      message("D", Buffer.alloc(20, "A")),
      message("A", Buffer.from([0, 0, 0, 42]), Buffer.from("two\0käse\0")),
      message("Z", Buffer.from("I"))
    ])
    const expected = [
      { processId: 42, channel: "one", payload: "A" },
      { processId: 42, channel: "two", payload: "käse" }
    ]
    for (let first = 0; first <= answer.length; first++) {
      for (let second = first; second <= answer.length; second++) {
        const found: Array<Notification> = []
        const pieces = [answer.subarray(0, first), answer.subarray(first, second), answer.subarray(second)]
        const stream = new WireStream(recorder(async () => pieces).backend, (notification) => found.push(notification))
        yield* written(stream, startup)
        assert.deepStrictEqual(found, expected)
        assert.deepStrictEqual(stream.read(), answer)
      }
    }
  }))
