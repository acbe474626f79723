import type { UpdatePeer } from "@arctic/agent/client";
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { usageFailure } from "../../failure.ts";
import { pickPeer } from "../../session/pick.ts";
import { peerFields } from "../../view/peers.ts";

export default class PeersUpdate extends ClusterCommand {
  static override summary = "Change what a peer says of itself.";
  static override description = "Only a peer writes its own record, so the change is relayed to it.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> beta --name beta-2 --description 'rack 4'",
    "<%= config.bin %> <%= command.id %> beta --address 10.0.0.2:8080 --address [fd00::2]:8080",
  ];
  static override args = {
    peer: Args.string({ required: true, ignoreStdin: true, description: "Name or id of the peer." }),
  };
  static override flags = {
    name: Flags.string({ helpValue: "NAME", summary: "The new name." }),
    description: Flags.string({ helpValue: "TEXT", summary: "The new description." }),
    address: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "HOST:PORT",
      summary: "An address to announce in place of the found ones; may repeat.",
      exclusive: ["found-addresses"],
    }),
    "found-addresses": Flags.boolean({ summary: "Announce the configured or found addresses again." }),
    "api-access": Flags.string({ options: ["full", "internal"], summary: "Who may use its operator API." }),
    entry: Flags.string({ options: ["server", "fallback", "none"], summary: "Its role as entry of the cluster." }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PeersUpdate);
    const addresses = flags["found-addresses"] ? [] : flags.address;
    const access = flags["api-access"];
    const change: UpdatePeer = {
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.description === undefined ? {} : { description: flags.description }),
      ...(addresses === undefined ? {} : { addresses }),
      ...(access === "full" || access === "internal" ? { api_access: access } : {}),
      ...(flags.entry === "server" || flags.entry === "fallback" || flags.entry === "none"
        ? { entry: { role: flags.entry } }
        : {}),
    };
    if (Object.keys(change).length === 0)
      throw usageFailure("there is nothing to change.", "--help lists what can be.");
    await this.withSession(flags, async (session) => {
      const { id } = pickPeer(await session.client.allPeers(), args.peer);
      const peer = await session.client.updatePeer(id, change);
      await this.show(flags, session, peer, () => peerFields(peer, Date.now()));
    });
  }
}
