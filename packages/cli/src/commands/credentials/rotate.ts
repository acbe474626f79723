import type { Rotated } from "@arctic/agent/client";
import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { configFailure, EXIT } from "../../failure.ts";
import { confirm } from "../../prompt.ts";
import { requireWritableConfig, saveSecret } from "../../session/save-secret.ts";
import type { Session } from "../../session/session.ts";
import { say } from "../../view/output.ts";
import { fields } from "../../view/table.ts";

export default class CredentialsRotate extends ClusterCommand {
  static override summary = "Give the cluster's shared client a new secret.";
  static override description =
    "The secret before it works for another 24 hours, everywhere. The new one is shown here and never again, or with " +
    "--update-config goes into the configuration, and is shown nowhere. With --url it brings the whole cluster into the " +
    "configuration: with the host's recovery token, the way back where the secret is lost.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --update-config",
    "<%= config.bin %> <%= command.id %> --yes --json",
    "<%= config.bin %> <%= command.id %> --update-config --url https://10.0.0.1:8080 --tls-fingerprint SHA256 --recovery-token-file recovery.token",
  ];
  static override flags = {
    "update-config": Flags.boolean({ summary: "Put the new secret into the configuration in place of the old." }),
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(CredentialsRotate);
    return this.withSession(flags, async (session) => {
      // Written once before the secret exists: a configuration that cannot be written must not cost it.
      if (flags["update-config"]) await requireSharedClient(session);
      if (!(await confirm("Replace the secret of the cluster's shared client?", flags))) {
        say("Nothing was changed.");
        return EXIT.general;
      }
      const rotated = await session.client.rotateClusterCredentials();
      if (flags["update-config"]) await saveSecret(session, rotated);
      const { client_secret: _secret, ...rest } = rotated;
      const shown = flags["update-config"] ? { ...rest, config: session.configPath } : rotated;
      await this.show(flags, session, shown, () => rotatedText(rotated, flags["update-config"], session.configPath));
      if (!flags["update-config"]) say("The secret is shown this once.");
      return EXIT.ok;
    });
  }
}

/** Refuses where the configured client is another one than that whose secret is about to be replaced. */
async function requireSharedClient(session: Session): Promise<void> {
  const { cluster } = session;
  requireWritableConfig(session);
  if (cluster === undefined) return;
  const { client_id, outlived } = await session.client.getClusterCredentials();
  if ([client_id, ...outlived.map((other) => other.client_id)].some((id) => id === cluster.client_id)) return;
  throw configFailure(
    `the configured client ${cluster.client_id} is not the cluster's shared one, ${client_id}; nothing was rotated.`,
    "Rotate without --update-config, and put the secret where the shared client is used.",
  );
}

function rotatedText(rotated: Rotated, isSaved: boolean, configPath: string): string {
  return fields([
    ["client", rotated.client_id],
    ["secret", isSaved ? `in ${configPath}` : rotated.client_secret],
    ["rotated at", rotated.rotated_at],
    ["the one before", `works until ${rotated.previous_accepted_until}`],
  ]);
}
