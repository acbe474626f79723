import type { Config } from "@oclif/core/config";

/**
 * As much of oclif's Config as running one command takes. The whole one knows every command, and reading that would be
 * most of a start; help loads it.
 */
export function bareConfig(): Config {
  const bare: Pick<Config, "bin" | "userAgent" | "runHook" | "scopedEnvVarKeys"> = {
    bin: "arctic",
    userAgent: "arctic",
    runHook: async () => ({ successes: [], failures: [] }),
    scopedEnvVarKeys: () => [],
  };
  return bare as Config;
}
