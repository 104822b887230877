/**
 * Gives a folder one user at a time, also across processes.
 *
 * The lock is a subfolder with exactly one file, named after its holder. It
 * appears by renaming a prepared subfolder into place, which fails when a
 * filled one is there already. A lock whose holder is gone passes on by
 * renaming that one file: names are never used twice, so of several processes
 * that found the same dead holder only one succeeds, and none of them can take
 * away a lock that somebody else has just got.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlError } from "effect/sql/SqlError"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as LockHolder from "./LockHolder.ts"
import { openError } from "./openError.ts"

const lockName = "refold.lock"

/** Whether an entry of the folder belongs to the lock. */
export const ownsEntry = (name: string): boolean => name.startsWith(lockName)

/** Holds the lock until the scope closes, or fails with what `onHeld` makes of its holder and path. */
export const acquire = <E>(
  folder: string,
  onHeld: (holder: LockHolder.LockHolder, lock: string) => E
): Effect.Effect<void, E | SqlError, Scope.Scope> =>
  Effect.suspend(() => {
    const lock = Path.join(folder, lockName)
    const own = LockHolder.ownName()
    return Effect.acquireRelease(
      Effect.flatMap(
        Effect.try({ try: () => take(lock, own), catch: (cause) => openError(`"${folder}"`, cause) }),
        (holder) => holder === undefined ? Effect.void : Effect.fail(onHeld(holder, lock))
      ),
      () => Effect.sync(() => release(lock, own))
    )
  })

/** Every round that decides nothing means that another process has just changed the lock. */
const rounds = 1000

const take = (lock: string, own: string): LockHolder.LockHolder | undefined => {
  for (let round = 0; round < rounds; round++) {
    const holders = read(lock)
    if (holders.length === 0) {
      if (create(lock, own)) return undefined
    } else if (holders.length === 1) {
      const [name, holder] = holders[0]!
      if (LockHolder.mayRun(holder)) return holder
      if (succeeds(() => Fs.renameSync(Path.join(lock, name), Path.join(lock, own)), ["ENOENT"])) return undefined
    }
  }
  throw new Error(`its lock cannot be read; delete "${lock}" if no process uses the folder`)
}

const read = (lock: string): ReadonlyArray<readonly [name: string, holder: LockHolder.LockHolder]> => {
  let names: ReadonlyArray<string> = []
  succeeds(() => names = Fs.readdirSync(lock), ["ENOENT"])
  return names.flatMap((name) => {
    const holder = LockHolder.fromName(name)
    return holder === undefined ? [] : [[name, holder] as const]
  })
}

const create = (lock: string, own: string): boolean => {
  const prepared = Fs.mkdtempSync(`${lock}-`)
  try {
    Fs.writeFileSync(Path.join(prepared, own), "")
    removeEmpty(lock)
    return succeeds(() => Fs.renameSync(prepared, lock), ["ENOTEMPTY", "EEXIST", "EPERM", "EACCES"])
  } finally {
    Fs.rmSync(prepared, { recursive: true, force: true })
  }
}

const release = (lock: string, own: string): void => {
  Fs.rmSync(Path.join(lock, own), { force: true })
  removeEmpty(lock)
}

/** An empty lock is one that is being released, or whose holder was killed while releasing. */
const removeEmpty = (lock: string): void => {
  succeeds(() => Fs.rmdirSync(lock), ["ENOENT", "ENOTEMPTY", "EEXIST", "EPERM", "EACCES"])
}

const succeeds = (action: () => void, expected: ReadonlyArray<string>): boolean => {
  try {
    action()
    return true
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && expected.some((code) => code === cause.code)) return false
    throw cause
  }
}
