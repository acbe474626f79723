import * as Args from "@oclif/core/args";
import { ClusterCommand } from "../../cluster-command.ts";
import { pickService } from "../../session/pick.ts";
import { namesOf, serviceText } from "../../view/services.ts";

export default class ServicesGet extends ClusterCommand {
  static override summary = "Show one service with its routes, live state and traffic.";
  static override description = "The source and the target peer each know their half: --peer asks the other one.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> web",
    "<%= config.bin %> <%= command.id %> web --peer gamma --json",
  ];
  static override args = {
    service: Args.string({ required: true, ignoreStdin: true, description: "Name or id of the service." }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ServicesGet);
    await this.withSession(flags, async (session) => {
      const [peers, services] = await Promise.all([session.client.allPeers(), session.client.allServices()]);
      const service = await session.client.getService(pickService(services, args.service).id);
      await this.show(flags, session, service, () => serviceText(service, namesOf(peers)));
    });
  }
}
