import * as Flags from "@oclif/core/flags";
import type { GlobalFlags } from "./base-command.ts";
import { openCredentialStore } from "./compose/credential-store.ts";
import type { Access } from "./compose/observe.ts";
import { readEnvFile, strictFailure, type Variables } from "./compose/variables.ts";
import { readConfig } from "./config/config-file.ts";
import { environmentOf } from "./environment.ts";
import { configPathOf, givenAuth, givenTrust, timeoutMsOf } from "./session/session.ts";
import { say } from "./view/output.ts";

export const fileFlag = Flags.string({
  char: "f",
  default: "cluster.yaml",
  helpValue: "FILE",
  summary: "The compose file.",
});

export const credentialsFileFlag = Flags.string({
  helpValue: "FILE",
  summary: "Where the cluster's client and secret are, and where a new one's go; mode 0600, readable with --config.",
});

/** How a file is read and how strictly. */
export const readingFlags = {
  "env-file": Flags.string({
    helpValue: "FILE",
    summary: `NAME=value lines for \${NAME} in the file; what they do not name comes from the environment.`,
  }),
  strict: Flags.boolean({ summary: "Take warnings for errors." }),
};

/** The values for `${NAME}` in the file. */
export function variablesFrom(flags: { readonly "env-file"?: string | undefined }): Variables {
  const path = flags["env-file"];
  return { ...environmentOf().variables, ...(path === undefined ? {} : readEnvFile(path)) };
}

/** Says the warnings on stderr; throws a Failure with the first of them where none is taken. */
export function sayWarnings(warnings: readonly string[], flags: { readonly strict: boolean }): void {
  if (warnings.length > 0 && flags.strict) throw strictFailure(warnings);
  for (const warning of warnings) say(`Warning: ${warning}.`);
}

/** How a compose run gets into the cluster. */
export function accessFrom(
  flags: GlobalFlags,
  options: { readonly isConfigSaved: boolean; readonly credentialsPath: string | undefined },
): Access {
  const configPath = configPathOf(flags);
  return {
    given: givenAuth(flags),
    trust: givenTrust(flags),
    store: openCredentialStore({ configPath, ...options }),
    timeoutMs: timeoutMsOf(flags, readConfig(configPath)),
  };
}
