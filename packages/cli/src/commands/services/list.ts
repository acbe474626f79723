import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { pickPeer } from "../../session/pick.ts";
import { namesOf, servicesTable } from "../../view/services.ts";

export default class ServicesList extends ClusterCommand {
  static override summary = "List the services of the cluster.";
  static override description =
    "The state is that of the half which the answering peer carries; `not here` means that it carries none.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --source-peer alpha --json",
  ];
  static override flags = {
    "source-peer": Flags.string({ helpValue: "PEER", summary: "Only those that enter at this peer." }),
    "target-peer": Flags.string({ helpValue: "PEER", summary: "Only those that leave at this peer." }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServicesList);
    await this.withSession(flags, async (session) => {
      const [peers, everything] = await Promise.all([session.client.allPeers(), session.client.allServices()]);
      const source = flags["source-peer"] === undefined ? undefined : pickPeer(peers, flags["source-peer"]).id;
      const target = flags["target-peer"] === undefined ? undefined : pickPeer(peers, flags["target-peer"]).id;
      const services = everything.filter(
        (service) =>
          (source === undefined || service.source_peer_id === source) &&
          (target === undefined || service.target_peer_id === target),
      );
      await this.show(flags, session, { services }, () => servicesTable(services, namesOf(peers)));
    });
  }
}
