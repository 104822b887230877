import { assert, it } from "@effect/vitest"
import * as DirectoryLock from "@refold/pglite/internal/DirectoryLock"
import * as LockHolder from "@refold/pglite/internal/LockHolder"
import * as PglitePgClient from "@refold/pglite/PglitePgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { command, run, runCommand, temporaryFolder } from "./support.ts"

const acquire = (folder: string) => DirectoryLock.acquire(folder, (holder) => holder)

const lockOf = (folder: string) => Path.join(folder, "refold.lock")

/** A lock that names a holder. */
const plant = (folder: string, holder: { readonly pid: number; readonly started: string; readonly host: string }) => {
  Fs.mkdirSync(lockOf(folder), { recursive: true })
  Fs.writeFileSync(
    Path.join(lockOf(folder), `${holder.pid}.${holder.started}.${crypto.randomUUID()}.${holder.host}`),
    ""
  )
}

/** A program that has locked the folder. */
const lockedBy = Effect.fnUntraced(function*(folder: string) {
  const program = yield* run("lockFolders")
  assert.strictEqual(yield* program.line, String(program.pid))
  yield* program.send(folder)
  assert.strictEqual(yield* program.line, "locked")
  return program
})

it.live("A folder that another process uses is refused with an error that names both", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryFolder
    const program = yield* lockedBy(dataDir)
    const error = yield* Effect.flip(Effect.scoped(Layer.build(PglitePgClient.layer({ dataDir }))))
    assert(error._tag === "PgliteLocked")
    assert.deepInclude(error, { dataDir, pid: program.pid, host: Os.hostname(), lock: lockOf(dataDir) })
    for (const part of [dataDir, String(program.pid), lockOf(dataDir)]) assert.include(error.message, part)
    assert.deepStrictEqual(Fs.readdirSync(dataDir), ["refold.lock"])
  }))

it.live("A folder cannot be locked twice in one process, and is free after the first is done", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    yield* Effect.scoped(Effect.gen(function*() {
      yield* acquire(folder)
      const holder = yield* Effect.flip(acquire(folder))
      assert.deepInclude(holder, { pid: process.pid, host: Os.hostname() })
    }))
    assert.deepStrictEqual(Fs.readdirSync(folder), [])
    yield* acquire(folder)
  }))

it.live("The lock of a killed process is taken over", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const program = yield* lockedBy(folder)
    yield* Effect.flip(acquire(folder))
    yield* program.kill
    assert.strictEqual(Fs.readdirSync(lockOf(folder)).length, 1)
    yield* Effect.scoped(acquire(folder))
    assert.deepStrictEqual(Fs.readdirSync(folder), [])
  }))

it.live("Of many processes that find the lock of a dead one, exactly one gets it", () =>
  Effect.gen(function*() {
    const base = yield* temporaryFolder
    const programs = yield* Effect.all(Array.from({ length: 5 }, () => run("lockFolders")), {
      concurrency: "unbounded"
    })
    yield* Effect.all(programs.map((program) => program.line))
    const dead = yield* run("lockFolders")
    yield* dead.kill
    for (let round = 0; round < 60; round++) {
      const folder = Path.join(base, String(round))
      Fs.mkdirSync(folder)
      // Every third time there is no lock at all.
      if (round % 3 > 0) plant(folder, { pid: dead.pid, started: "1", host: Os.hostname() })
      yield* Effect.all(programs.map((program) => program.send(folder)))
      const answers = yield* Effect.all(programs.map((program) => program.line))
      const winners = programs.filter((_, index) => answers[index] === "locked")
      assert.strictEqual(winners.length, 1, String(answers))
      assert.strictEqual(answers.filter((answer) => answer === String(winners[0]!.pid)).length, programs.length - 1)
      assert.deepStrictEqual(Fs.readdirSync(folder), ["refold.lock"])
    }
  }))

it.live("A lock that was half released is free", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    Fs.mkdirSync(lockOf(folder))
    yield* acquire(folder)
  }))

it.live("The lock of another host is respected", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const dead = yield* run("lockFolders")
    yield* dead.kill
    plant(folder, { pid: dead.pid, started: "", host: "somewhere-else" })
    assert.deepInclude(yield* Effect.flip(acquire(folder)), { pid: dead.pid, host: "somewhere-else" })
  }))

it.live("A host that does not tell when a process started keeps the lock of a running one", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    plant(folder, { pid: process.pid, started: "", host: Os.hostname() })
    assert.deepInclude(yield* Effect.flip(acquire(folder)), { pid: process.pid })
  }))

it.live("A lock that names nobody or several is left alone", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    plant(folder, { pid: 1, started: "1", host: "a" })
    plant(folder, { pid: 1, started: "1", host: "b" })
    const error = yield* Effect.flip(acquire(folder))
    assert.include(error instanceof Error ? error.message : "", "lock")
    assert.strictEqual(Fs.readdirSync(lockOf(folder)).length, 2)
  }))

it.live.runIf(process.platform === "linux")(
  "A process that got the number of a dead one does not inherit its lock",
  () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      plant(folder, { pid: process.pid, started: "1", host: Os.hostname() })
      yield* acquire(folder)
      const [name] = Fs.readdirSync(lockOf(folder))
      assert.notStrictEqual(LockHolder.fromName(name!)?.started, "1")
    })
)

it.live.runIf(process.platform === "linux")(
  "A killed process that nobody has asked for counts as dead",
  () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      // The parent becomes a program that does not care about its children.
      const script = `exec 3<&0; "$@" <&3 & exec sleep 1000`
      const parent = yield* runCommand("sh", ["-c", script, "sh", process.execPath, ...command("lockFolders")])
      const pid = Number(yield* parent.line)
      plant(folder, { pid, started: "", host: Os.hostname() })
      yield* Effect.flip(acquire(folder))
      process.kill(pid, "SIGKILL")
      yield* Effect.repeat(Effect.exit(Effect.scoped(acquire(folder))), { until: (exit) => exit._tag === "Success" })
      assert.isTrue(process.kill(pid, 0))
    })
)
