import * as Flags from "@oclif/core/flags";
import type { GlobalFlags } from "./base-command.ts";
import { openCredentialStore } from "./compose/credential-store.ts";
import type { Access } from "./compose/observe.ts";
import { readConfig } from "./config/config-file.ts";
import { configPathOf, givenAuth, givenTrust, timeoutMsOf } from "./session/session.ts";

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
