import * as Args from "@oclif/core/args";
import { ClusterCommand } from "../../cluster-command.ts";
import { pickPeer } from "../../session/pick.ts";
import { peerFields } from "../../view/peers.ts";

export default class PeersGet extends ClusterCommand {
  static override summary = "Show one peer.";
  static override examples = ["<%= config.bin %> <%= command.id %> alpha"];
  static override args = {
    peer: Args.string({ required: true, ignoreStdin: true, description: "Name or id of the peer." }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PeersGet);
    await this.withSession(flags, async (session) => {
      const peer = pickPeer(await session.client.allPeers(), args.peer);
      await this.show(flags, session, peer, () => peerFields(peer, Date.now()));
    });
  }
}
