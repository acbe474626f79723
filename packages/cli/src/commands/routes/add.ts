import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { routeFlags, routeFrom } from "../../route-flags.ts";
import { pickService } from "../../session/pick.ts";

export default class RoutesAdd extends ClusterCommand {
  static override summary = "Add a route to a service.";
  static override description =
    "Traffic from the source network to the destination network is carried; give one or both.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --service lan --dest-cidr 10.1.0.0/16",
    "<%= config.bin %> <%= command.id %> --service lan --source-cidr 10.0.0.0/24 --dest-cidr 10.2.0.0/16 --priority 10",
  ];
  static override flags = {
    service: Flags.string({ required: true, helpValue: "SERVICE", summary: "Name or id of the service." }),
    priority: Flags.integer({ default: 0, helpValue: "NUMBER", summary: "Higher wins among routes that are alike." }),
    ...routeFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(RoutesAdd);
    const route = routeFrom({
      priority: flags.priority,
      source_cidr: flags["source-cidr"],
      dest_cidr: flags["dest-cidr"],
    });
    await this.withSession(flags, async (session) => {
      const service = pickService(await session.client.allServices(), flags.service);
      const added = await session.client.addRoutes(service.id, { routes: [route] });
      await this.show(flags, session, added, () => `Route ${added.route_ids.join(", ")} is added to ${service.name}.`);
    });
  }
}
