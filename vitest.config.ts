import { defineConfig } from "vitest/config";

/** Each project is named for the question that its tests answer. */
const project = (name: string, include: string[], options: Record<string, unknown> = {}) => ({
  resolve: { conditions: ["arctic-source"] },
  ssr: { resolve: { conditions: ["arctic-source"] } },
  test: { name, include, environment: "node" as const, ...options },
});

export default defineConfig({
  test: {
    // Most tests of the longer kind wait for processes and clocks: two at once, also where the machine has two cores.
    maxWorkers: 2,
    projects: [
      project("unit", ["packages/*/test/unit/**/*.test.ts"]),
      project("property", ["packages/*/test/property/**/*.test.ts"], { testTimeout: 60_000 }),
      project("conformance", ["test/conformance/**/*.test.ts"]),
      project("contract", ["test/contracts/**/*.test.ts", "packages/*/test/contract/**/*.test.ts"], {
        testTimeout: 30_000,
      }),
      project("simulation", ["test/simulation/**/*.test.ts"], { testTimeout: 120_000 }),
      project("attacks", ["test/attacks/**/*.test.ts", "test/fuzz/**/*.test.ts"], { testTimeout: 120_000 }),
      project("examples", ["examples/**/*.test.ts", "test/browser/**/*.test.ts"], {
        testTimeout: 60_000,
        hookTimeout: 60_000,
      }),
      project("integration", ["packages/*/test/integration/**/*.test.ts"], {
        testTimeout: 60_000,
        hookTimeout: 60_000,
      }),
      project("architecture", ["test/architecture/**/*.test.ts"], { testTimeout: 60_000 }),
      project("system", ["test/system/**/*.test.ts", "packages/*/test/system/**/*.test.ts"], {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        fileParallelism: false,
      }),
    ],
  },
});
