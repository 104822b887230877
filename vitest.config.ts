import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

// Resolves the workspace packages to their TypeScript sources: tests need no build.
const conditions = ["@refold/source", "node", "import", "default"]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["test/support/globalSetup.ts"],
    // Test files mostly wait for a database, which has work to do as well: two at a time keep two cores busy.
    maxWorkers: Math.max(2, Math.min(8, availableParallelism() - 1)),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    typecheck: {
      enabled: true,
      checker: "tsc",
      tsconfig: "test/types/tsconfig.json",
      include: ["test/types/**/*.test-d.ts"]
    }
  }
})
