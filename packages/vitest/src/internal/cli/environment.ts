import * as CliConfig from "effect/cli/CliConfig"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"

const unused = Effect.die(new Error("The conflicts command asks nothing and starts nothing"))

/** What a command may need of its surroundings: here, no more than to know whether somebody is looking. */
export const layer = Layer.mergeAll(
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] }),
  FileSystem.layerNoop({}),
  Path.layer,
  Layer.succeed(ChildProcessSpawner.ChildProcessSpawner, ChildProcessSpawner.make(() => unused)),
  Stdio.layerTest({
    args: Effect.sync(() => process.argv.slice(2)),
    stdoutIsTerminal: Effect.sync(() => process.stdout.isTTY),
    stderrIsTerminal: Effect.sync(() => process.stderr.isTTY)
  }),
  Layer.succeed(
    Terminal.Terminal,
    Terminal.make({
      columns: Effect.sync(() => process.stdout.columns ?? 80),
      rows: Effect.sync(() => process.stdout.rows ?? 24),
      size: unused,
      readInput: unused,
      readLine: unused,
      display: (text) => Effect.sync(() => void process.stdout.write(text))
    })
  )
)
