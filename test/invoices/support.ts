/** The demo in a process of its own, and a mail server that keeps what it is given. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import type { AddressInfo } from "node:net"
import * as Path from "node:path"
import { SMTPServer } from "smtp-server"

const root = Path.resolve(import.meta.dirname, "../..")
const main = Path.join(root, "examples/invoices/src/main.ts")

export interface Running {
  readonly kill: () => void
  readonly ended: Effect.Effect<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

/** Starts the demo; it is killed when the scope closes. */
export const start = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const { FORCE_COLOR: _, NODE_OPTIONS: __, ...inherited } = process.env
        const child = spawn(process.execPath, ["--conditions=@refold/source", main, ...args], {
          cwd: root,
          env: { ...inherited, ...env }
        })
        let stdout = ""
        let stderr = ""
        child.stdout.setEncoding("utf8").on("data", (chunk) => stdout += chunk)
        child.stderr.setEncoding("utf8").on("data", (chunk) => stderr += chunk)
        const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
        return { child, ended: Effect.map(Effect.promise(() => ended), (code) => ({ code, stdout, stderr })) }
      }),
      ({ child, ended }) => Effect.andThen(Effect.sync(() => child.kill("SIGKILL")), ended)
    ),
    ({ child, ended }) => ({ kill: () => child.kill("SIGKILL"), ended })
  )

export const run = (args: ReadonlyArray<string>, env?: Readonly<Record<string, string>>) =>
  Effect.scoped(Effect.flatMap(start(args, env), ({ ended }) => ended))

export interface Sink {
  readonly url: string
  /** The Message-IDs of the mails it has taken, in their order. */
  readonly taken: ReadonlyArray<string>
}

/** A mail server; it tells of every mail before it says to the sender that it has taken it. */
export const sink = (onMail: (messageId: string) => void): Effect.Effect<Sink, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const taken: Array<string> = []
        const server = new SMTPServer({
          authOptional: true,
          disabledCommands: ["STARTTLS"],
          logger: false,
          onData: (stream, _session, callback) => {
            let text = ""
            stream.setEncoding("utf8").on("data", (chunk) => text += chunk)
            stream.on("end", () => {
              const id = /^message-id:\s*(\S+)/im.exec(text)?.[1] ?? "none"
              taken.push(id)
              onMail(id)
              callback()
            })
          }
        })
        // whoever is killed while it talks to the server is no concern of its
        server.on("error", () => {})
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        return { server, taken }
      }),
      ({ server }) => Effect.promise(() => new Promise<void>((resolve) => server.close(resolve)))
    ),
    ({ server, taken }) => ({ url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, taken })
  )
