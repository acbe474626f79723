import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { usageFailure } from "../../failure.ts";
import { serviceFieldsFrom, serviceFlags } from "../../service-flags.ts";
import { pickPeer, pickService } from "../../session/pick.ts";
import { namesOf, serviceText } from "../../view/services.ts";

export default class ServicesUpdate extends ClusterCommand {
  static override summary = "Change a service.";
  static override description = "What is left out stays. Its source peer stays too: another source is another service.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> web --bandwidth-limit 100",
    "<%= config.bin %> <%= command.id %> web --target-peer beta --no-fully-transparent",
  ];
  static override args = {
    service: Args.string({ required: true, ignoreStdin: true, description: "Name or id of the service." }),
  };
  static override flags = {
    "target-peer": Flags.string({ helpValue: "PEER", summary: "Where the traffic leaves: name or id." }),
    ...serviceFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ServicesUpdate);
    const fields = serviceFieldsFrom(flags);
    if (Object.keys(fields).length === 0 && flags["target-peer"] === undefined) {
      throw usageFailure("there is nothing to change.", "--help lists what can be.");
    }
    await this.withSession(flags, async (session) => {
      const [peers, services] = await Promise.all([session.client.allPeers(), session.client.allServices()]);
      const target = flags["target-peer"] === undefined ? undefined : pickPeer(peers, flags["target-peer"]).id;
      const service = await session.client.updateService(pickService(services, args.service).id, {
        ...fields,
        ...(target === undefined ? {} : { target_peer_id: target }),
      });
      await this.show(flags, session, service, () => serviceText(service, namesOf(peers)));
    });
  }
}
