import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { rememberPeers } from "../../session/remember.ts";
import { peersTable } from "../../view/peers.ts";

export default class PeersList extends ClusterCommand {
  static override summary = "List the peers of the cluster.";
  static override description = "Peers that left or were revoked are shown with --all only.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --remote --json",
  ];
  static override flags = {
    local: Flags.boolean({ summary: "Only the peer that answers.", exclusive: ["remote"] }),
    remote: Flags.boolean({ summary: "Only the others." }),
    all: Flags.boolean({ summary: "Also those that left or were revoked." }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(PeersList);
    await this.withSession(flags, async (session) => {
      const everyone = await session.client.allPeers();
      rememberPeers(session, everyone);
      const peers = everyone.filter(
        (peer) =>
          (!flags.local || peer.is_local) &&
          (!flags.remote || !peer.is_local) &&
          (flags.all || (peer.state !== "left" && peer.state !== "revoked")),
      );
      await this.show(flags, session, { peers }, () => peersTable(peers, Date.now()));
    });
  }
}
