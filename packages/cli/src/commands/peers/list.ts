import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { keepNames } from "../../session/keep-names.ts";
import { rememberPeers } from "../../session/remember.ts";
import { peersTable } from "../../view/peers.ts";
import { showWatched, watchFlags } from "../../watch-flags.ts";

export default class PeersList extends ClusterCommand {
  static override summary = "List the peers of the cluster.";
  static override description = "Peers that left or were revoked are shown with --all only.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --remote --json",
    "<%= config.bin %> <%= command.id %> --watch",
  ];
  static override flags = {
    local: Flags.boolean({ summary: "Only the peer that answers.", exclusive: ["remote"] }),
    remote: Flags.boolean({ summary: "Only the others." }),
    all: Flags.boolean({ summary: "Also those that left or were revoked." }),
    ...watchFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(PeersList);
    await this.withSession(flags, (session) =>
      showWatched(flags, session, async () => {
        const everyone = await session.client.allPeers();
        rememberPeers(session, everyone);
        keepNames(session, { peers: everyone });
        const peers = everyone.filter(
          (peer) =>
            (!flags.local || peer.is_local) &&
            (!flags.remote || !peer.is_local) &&
            (flags.all || (peer.state !== "left" && peer.state !== "revoked")),
        );
        await this.show(flags, session, { peers }, (paint) => peersTable(peers, Date.now(), paint));
      }),
    );
  }
}
