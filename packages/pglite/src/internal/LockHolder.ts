/** Identifies the process that holds a lock, in the form of a file name. */
import * as Crypto from "node:crypto"
import * as Fs from "node:fs"
import * as Os from "node:os"

export interface LockHolder {
  readonly pid: number
  /** When the process started, as its host counts; `""` where that cannot be asked. Guards against reused pids. */
  readonly started: string
  readonly host: string
}

/** Names this process, differently at every call. */
export const ownName = (): string => {
  const started = inspect(process.pid).started
  return `${process.pid}.${started}.${Crypto.randomUUID()}.${encodeURIComponent(Os.hostname())}`
}

/** Reads a name made by `ownName`, and returns `undefined` for any other. */
export const fromName = (name: string): LockHolder | undefined => {
  const [, pid, started, host] = /^(\d+)\.(\d*)\.[0-9a-f-]{36}\.(.*)$/.exec(name) ?? []
  return pid === undefined || started === undefined || host === undefined
    ? undefined
    : { pid: Number(pid), started, host: decodeURIComponent(host) }
}

/** Whether the process may still run. A process on another host cannot be asked and counts as running. */
export const mayRun = (holder: LockHolder): boolean => {
  if (holder.host !== Os.hostname()) return true
  if (!answersSignals(holder.pid)) return false
  const now = inspect(holder.pid)
  return !now.ended && (holder.started === "" || now.started === "" || holder.started === now.started)
}

const answersSignals = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    // The other answer is EPERM: it runs, but belongs to somebody else.
    return !(cause instanceof Error && "code" in cause && cause.code === "ESRCH")
  }
}

/** What Linux tells about a process; other systems, and a hidden `/proc`, tell nothing. */
const inspect = (pid: number): { readonly started: string; readonly ended: boolean } => {
  try {
    const stat = Fs.readFileSync(`/proc/${pid}/stat`, "utf8")
    // The second field is the command in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    // A killed process stays listed as a zombie until its parent asks for it.
    return { started: fields[19] ?? "", ended: fields[0] === "Z" || fields[0] === "X" }
  } catch {
    return { started: "", ended: false }
  }
}
