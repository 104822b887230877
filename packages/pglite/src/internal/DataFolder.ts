/** A folder that holds a database: created, locked, and initialised completely or not at all. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlError } from "effect/sql/SqlError"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Backend from "./Backend.ts"
import * as DirectoryLock from "./DirectoryLock.ts"
import { syncFile, syncFolder, syncTree } from "./diskSync.ts"
import type { LockHolder } from "./LockHolder.ts"
import { openError } from "./openError.ts"

/** Marks a folder whose first initialisation has not finished. */
const markerName = "refold.initializing"

/** Opens the database in a folder, and its lock, until the scope closes. */
export const open = Effect.fnUntraced(function*<E>(
  folder: string,
  onHeld: (holder: LockHolder, lock: string) => E
): Effect.fn.Return<Backend.Backend, E | SqlError, Scope.Scope> {
  const attempt = <A>(operation: () => A) =>
    Effect.try({ try: operation, catch: (cause) => openError(`"${folder}"`, cause) })
  yield* attempt(() => create(folder))
  yield* DirectoryLock.acquire(folder, onHeld)
  const initialise = yield* attempt(() => begin(folder))
  const backend = yield* Backend.inFolder(folder)
  if (initialise) yield* attempt(() => finish(folder))
  return backend
})

const create = (folder: string): void => {
  if (Fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new Error("it is a file, not a folder")
  }
  Fs.mkdirSync(folder, { recursive: true })
}

/**
 * Prepares a folder without a database for one and returns whether there was
 * none. What an interrupted initialisation has left is removed: nothing can
 * have been stored in it.
 */
const begin = (folder: string): boolean => {
  const marker = Path.join(folder, markerName)
  const content = Fs.readdirSync(folder).filter((name) =>
    !DirectoryLock.ownsEntry(name) && !name.startsWith(".") && name !== "lost+found"
  )
  if (!content.includes(markerName)) {
    if (content.includes("PG_VERSION")) return false
    if (content.length > 0) throw new Error("it is not empty and holds no database; choose an empty folder")
    Fs.writeFileSync(marker, "")
    syncFile(marker)
    syncFolder(folder)
    return true
  }
  for (const name of content) {
    if (name !== markerName) Fs.rmSync(Path.join(folder, name), { recursive: true, force: true })
  }
  return true
}

/** The server takes the files it was initialised with for safe on disk. */
const finish = (folder: string): void => {
  syncTree(folder)
  Fs.rmSync(Path.join(folder, markerName))
  syncFolder(folder)
}
