import * as Fs from "node:fs"
import * as Path from "node:path"

const syncPath = (path: string, flags: string): void => {
  const descriptor = Fs.openSync(path, flags)
  try {
    Fs.fsyncSync(descriptor)
  } finally {
    Fs.closeSync(descriptor)
  }
}

/** Waits until the content of a file is on disk. Windows flushes only what is open for writing. */
export const syncFile = (path: string): void => syncPath(path, "r+")

/** Waits until the names in a folder are on disk. Windows offers no way to ask for it and needs none. */
export const syncFolder = (path: string): void => {
  if (process.platform !== "win32") syncPath(path, "r")
}

/** Waits until a folder and everything below it is on disk. */
export const syncTree = (folder: string): void => {
  for (const entry of Fs.readdirSync(folder, { withFileTypes: true })) {
    const path = Path.join(folder, entry.name)
    if (entry.isDirectory()) syncTree(path)
    else if (entry.isFile()) syncFile(path)
  }
  syncFolder(folder)
}
