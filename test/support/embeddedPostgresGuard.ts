/**
 * The process which outlives a test run to clean up after it: `node embeddedPostgresGuard.ts <folder>`.
 *
 * Each line of its stdin names a process that works in the folder: `+<pid>` when it starts, `-<pid>` when it has ended.
 * The end of stdin, which comes even when the other side is killed, means that the folder is no longer needed:
 * the remaining processes are stopped and the folder is removed.
 */
import * as Fs from "node:fs"
import { createInterface } from "node:readline"
import { setTimeout as delay } from "node:timers/promises"
import { isAlive } from "./processes.ts"

const stop = async (pid: number, signal: NodeJS.Signals, patienceMillis: number): Promise<boolean> => {
  const deadline = Date.now() + patienceMillis
  try {
    process.kill(pid, signal)
  } catch {
    return true
  }
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false
    await delay(5)
  }
  return true
}

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error("usage: node embeddedPostgresGuard.ts <folder>")

const pids = new Set<number>()
for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1))
  if (line.startsWith("+")) pids.add(pid)
  else pids.delete(pid)
}
for (const pid of pids) {
  // SIGQUIT stops a PostgreSQL server at once.
  if (!await stop(pid, "SIGQUIT", 10_000)) await stop(pid, "SIGKILL", 1_000)
}
Fs.rmSync(folder, { force: true, maxRetries: 10, recursive: true, retryDelay: 50 })
