import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { EXIT } from "../../failure.ts";
import { confirm } from "../../prompt.ts";
import { replaceCluster, requireWritableConfig } from "../../session/save-secret.ts";
import { say } from "../../view/output.ts";
import { fields } from "../../view/table.ts";

export default class ClusterInit extends ClusterCommand {
  static override summary = "Make sure that a peer which is alone is a cluster, or with --force make it a new one.";
  static override description =
    "A peer that has others is refused. With --force the peer gets a new cluster id and a new shared client, and every " +
    "client before it is revoked; the configured cluster is replaced by the new one. With --url, where none is " +
    "configured, the new secret is shown, this once.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --force --yes",
  ];
  static override flags = {
    force: Flags.boolean({ summary: "Begin anew: a new id, a new client, all older clients revoked." }),
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(ClusterInit);
    return this.withSession(flags, async (session) => {
      // Written once before the secret exists: a configuration that cannot be written must not cost it.
      if (flags.force && session.cluster !== undefined) requireWritableConfig(session);
      if (flags.force && !(await confirm("Begin a new cluster, and revoke every client of the old?", flags))) {
        say("Nothing was changed.");
        return EXIT.general;
      }
      const made = await session.client.initCluster(flags.force ? { force: true } : {});
      const { cluster_id, client_id, client_secret } = made;
      const isSaved = client_secret !== undefined && session.cluster !== undefined;
      if (isSaved) replaceCluster(session, (cluster) => ({ ...cluster, cluster_id, client_id, client_secret }));
      const shown = isSaved ? { cluster_id, client_id, config: session.configPath } : made;
      await this.show(flags, session, shown, () =>
        fields([
          ["cluster", cluster_id],
          ["client", client_id],
          ["secret", isSaved ? `in ${session.configPath}` : client_secret],
        ]),
      );
      if (client_secret !== undefined && !isSaved) say("The secret is shown this once.");
      return EXIT.ok;
    });
  }
}
