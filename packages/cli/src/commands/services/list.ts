import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { keepNames } from "../../session/keep-names.ts";
import { pickPeer } from "../../session/pick.ts";
import { namesOf, servicesTable } from "../../view/services.ts";
import { showWatched, watchFlags } from "../../watch-flags.ts";

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
    "requires-interface": Flags.boolean({ allowNo: true, summary: "Only those with an address of their own." }),
    ...watchFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServicesList);
    const { "requires-interface": requiresInterface } = flags;
    await this.withSession(flags, (session) =>
      showWatched(flags, session, async () => {
        const [peers, everything] = await Promise.all([session.client.allPeers(), session.client.allServices()]);
        keepNames(session, { peers, services: everything });
        const source = flags["source-peer"] === undefined ? undefined : pickPeer(peers, flags["source-peer"]).id;
        const target = flags["target-peer"] === undefined ? undefined : pickPeer(peers, flags["target-peer"]).id;
        const services = everything.filter(
          (service) =>
            (source === undefined || service.source_peer_id === source) &&
            (target === undefined || service.target_peer_id === target) &&
            (requiresInterface === undefined || service.requires_interface === requiresInterface),
        );
        await this.show(flags, session, { services }, (paint) => servicesTable(services, namesOf(peers), paint));
      }),
    );
  }
}
