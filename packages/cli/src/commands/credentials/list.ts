import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { credentialsTable } from "../../view/credentials.ts";
import { showWatched, watchFlags } from "../../watch-flags.ts";

export default class CredentialsList extends ClusterCommand {
  static override summary = "List the clients of the cluster, without their secrets.";
  static override description = "Revoked ones are shown with --all only. The one that asks bears a star.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --all --json",
  ];
  static override flags = { all: Flags.boolean({ summary: "Also those that were revoked." }), ...watchFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(CredentialsList);
    await this.withSession(flags, (session) =>
      showWatched(flags, session, async () => {
        const { client } = session;
        const [peers, credentials] = await Promise.all([
          client.allPeers().catch(() => []),
          client.allCredentials(flags.all ? { include_revoked: "true" } : {}),
        ]);
        await this.show(flags, session, { credentials }, () => credentialsTable(credentials, peers));
      }),
    );
  }
}
