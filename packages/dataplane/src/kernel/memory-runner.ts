import type { Runner, RunResult } from "./runner.ts";

export interface Recorded {
  readonly argv: readonly string[];
  readonly stdin: string;
}

export interface MemoryRunner extends Runner {
  /** All that was run, in order. */
  readonly recorded: readonly Recorded[];
}

/** Programs that are functions: undefined is a program that is not there. Records what was run. */
export function createMemoryRunner(
  program: (argv: readonly string[], stdin: string) => Partial<RunResult> | undefined,
): MemoryRunner {
  const recorded: Recorded[] = [];
  return {
    recorded,
    run: async (argv, stdin = "") => {
      recorded.push({ argv: [...argv], stdin });
      const missing = { code: 127, stdout: "", stderr: `${argv[0]}: no such program` };
      const result = argv.length === 0 ? undefined : program(argv, stdin);
      return result === undefined ? missing : { code: 0, stdout: "", stderr: "", ...result };
    },
  };
}
