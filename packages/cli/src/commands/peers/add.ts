import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { rememberPeers } from "../../session/remember.ts";
import { peerFields } from "../../view/peers.ts";

export default class PeersAdd extends ClusterCommand {
  static override summary = "Join the peer at an address to this cluster.";
  static override description =
    "The peer is a fresh one, bootstrapped less than an hour ago, or one of another cluster of the same customer on " +
    "which the same is done in return. With --expect-key only the peer with that public key is taken.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> 10.0.0.2:8080 --name beta",
    "<%= config.bin %> <%= command.id %> [fd00::2]:8080 --expect-key KEY",
  ];
  static override args = {
    address: Args.string({ required: true, ignoreStdin: true, description: "HOST:PORT of the agent." }),
  };
  static override flags = {
    name: Flags.string({ helpValue: "NAME", summary: "The name that the newcomer is given." }),
    "expect-key": Flags.string({ helpValue: "KEY", summary: "The public key that the newcomer must prove." }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PeersAdd);
    await this.withSession(flags, async (session) => {
      const peer = await session.client.addPeer({
        address: args.address,
        ...(flags.name === undefined ? {} : { name: flags.name }),
        ...(flags["expect-key"] === undefined ? {} : { expect_key: flags["expect-key"] }),
      });
      rememberPeers(session, await session.client.allPeers());
      await this.show(flags, session, peer, () => peerFields(peer, Date.now()));
    });
  }
}
