import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"

/** The state of a process on Linux, and its parent. */
const status = (pid: number): { readonly state: string; readonly parent: number } | undefined => {
  try {
    // The second field, in parentheses, is the program's name, which may contain anything.
    const [, state, parent] = /^.*\) (\S) (\d+) /s.exec(Fs.readFileSync(`/proc/${pid}/stat`, "utf8")) ?? []
    return state === undefined ? undefined : { state, parent: Number(parent) }
  } catch {
    return undefined
  }
}

/** Whether a process is running. One that has ended, but whose parent has not asked how, is not. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  if (process.platform !== "linux") return true
  const state = status(pid)?.state
  return state !== undefined && state !== "Z" && state !== "X"
}

/** The processes which a process has started and which are still there. */
export const childrenOf = (pid: number): ReadonlyArray<number> => {
  switch (process.platform) {
    case "linux":
      return Fs.readdirSync("/proc").map(Number).filter((child) => status(child)?.parent === pid)
    case "win32":
      return []
    default:
      return spawnSync("pgrep", ["-P", `${pid}`], { encoding: "utf8" }).stdout.split("\n").filter(Boolean).map(Number)
  }
}
