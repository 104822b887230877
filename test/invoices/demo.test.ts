import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as TestDatabase from "../support/TestDatabase.ts"
import { run, sink, start } from "./support.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "refold-invoices-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
)

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("the invoices of two houses", (it) => {
  it.effect(
    "come to the same on the embedded database and on a server, and a second run does nothing again",
    () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        const { url } = yield* TestDatabase.TestDatabase
        const embedded = yield* run(["--data", Path.join(folder, "data")])
        const served = yield* run(["--postgres", url, "--reset"])
        assert.strictEqual(embedded.code, 0, embedded.stderr)
        assert.strictEqual(served.stdout, embedded.stdout)
        assert.strictEqual(embedded.stdout.match(/^Subject: Invoice /gm)?.length, 3)
        const again = yield* run(["--postgres", url])
        assert.notMatch(again.stdout, /at version \d+$(?<!done before, at version \d+)/m)
        assert.notMatch(again.stdout, /Subject/)
      }),
    60_000
  )

  it.effect(
    "are mailed once each, whatever is killed, and what comes twice has the same Message-ID",
    () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        let onMail = (_id: string) => {}
        const mails = yield* sink((id) => onMail(id))
        const args = ["--postgres", url, "--reset", "--smtp"]
        const env = { SMTP_URL: mails.url }

        // the server has the mail, and nobody has written that down: it cannot be known to have gone out
        const first = yield* start(args, env)
        onMail = () => first.kill()
        yield* first.ended
        const taken = new Set(mails.taken)
        assert.isAtLeast(taken.size, 1)

        onMail = () => {}
        const rest = args.filter((arg) => arg !== "--reset")
        const second = yield* run(rest, env)
        assert.strictEqual(second.code, 0, second.stderr)
        assert.strictEqual(new Set(mails.taken).size, 3)
        assert.isTrue([...taken].every((id) => mails.taken.filter((other) => other === id).length === 2))

        const before = mails.taken.length
        yield* run(rest, env)
        assert.strictEqual(mails.taken.length, before)
      }),
    90_000
  )
})
