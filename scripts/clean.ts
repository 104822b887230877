/** Removes what earlier builds have made, so that a module which was renamed or deleted is not published. */
import * as Fs from "node:fs"

for (const name of Fs.readdirSync("packages")) {
  Fs.rmSync(`packages/${name}/dist`, { force: true, recursive: true })
}
