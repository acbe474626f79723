import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { usageFailure } from "../../failure.ts";
import { serviceFieldsFrom, serviceFlags } from "../../service-flags.ts";
import { pickPeer } from "../../session/pick.ts";
import { namesOf, serviceText } from "../../view/services.ts";

export default class ServicesCreate extends ClusterCommand {
  static override summary = "Create a service.";
  static override description =
    "It carries traffic that enters its source peer to its target peer. Which traffic: that of its interface " +
    "(--requires-interface), and that of its routes (arctic routes add).";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --target-peer gamma --name lan",
    "<%= config.bin %> <%= command.id %> --source-peer alpha --target-peer gamma --requires-interface --desired-ipv4 10.0.0.9/24 --fully-transparent --name web",
  ];
  static override flags = {
    "target-peer": Flags.string({
      required: true,
      helpValue: "PEER",
      summary: "Where the traffic leaves: name or id.",
    }),
    "source-peer": Flags.string({
      helpValue: "PEER",
      summary: "Where the traffic enters: name or id. Default: the answering peer.",
    }),
    ...serviceFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServicesCreate);
    const fields = serviceFieldsFrom(flags);
    if (fields.fully_transparent === true && fields.requires_interface !== true) {
      throw usageFailure("--fully-transparent needs an interface.", "Add --requires-interface.");
    }
    await this.withSession(flags, async (session) => {
      const peers = await session.client.allPeers();
      const source = flags["source-peer"] === undefined ? undefined : pickPeer(peers, flags["source-peer"]).id;
      const service = await session.client.createService({
        ...fields,
        target_peer_id: pickPeer(peers, flags["target-peer"]).id,
        ...(source === undefined ? {} : { source_peer_id: source }),
      });
      await this.show(flags, session, service, () => serviceText(service, namesOf(peers)));
    });
  }
}
