/** A folder as the file system of PGlite, in which `fsync` reaches the disk. PGlite's own leaves it out. */
import { NodeFS } from "@electric-sql/pglite/nodefs"
import * as Predicate from "effect/Predicate"
import * as Fs from "node:fs"
import { syncFolder } from "./diskSync.ts"

type Module = Parameters<NodeFS["init"]>[1]
type PreRun = NonNullable<Module["preRun"]>[number]

export class DurableFileSystem extends NodeFS {
  override async init(database: Parameters<NodeFS["init"]>[0], options: Module): ReturnType<NodeFS["init"]> {
    const { emscriptenOpts } = await super.init(database, options)
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...emscriptenOpts.preRun ?? [], addSync] } }
  }
}

const addSync: PreRun = (module) => {
  const nodeFs = Predicate.hasProperty(module, "NODEFS") ? module.NODEFS : undefined
  if (!isNodeFs(nodeFs)) throw new Error("this version of PGlite does not let fsync reach the disk")
  nodeFs.stream_ops.fsync = (stream) =>
    // A failure has to reach the server as an error number: an exception would unwind its stack.
    nodeFs.tryFSOperation(() => {
      if (stream.nfd === undefined) syncFolder(nodeFs.realPath(stream.node))
      else Fs.fsyncSync(stream.nfd)
      return 0
    })
}

/** The parts of Emscripten's NODEFS used here. A stream of a folder has no descriptor. */
interface EmscriptenNodeFs {
  readonly stream_ops: {
    fsync?: (stream: { readonly nfd?: number; readonly node: unknown }) => number
  }
  readonly tryFSOperation: <A>(operation: () => A) => A
  readonly realPath: (node: unknown) => string
}

const isNodeFs = (u: unknown): u is EmscriptenNodeFs =>
  Predicate.hasProperty(u, "stream_ops") && Predicate.hasProperty(u, "tryFSOperation") &&
  Predicate.hasProperty(u, "realPath")
