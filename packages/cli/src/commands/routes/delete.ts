import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { EXIT } from "../../failure.ts";
import { confirm } from "../../prompt.ts";
import { pickRoute, pickService } from "../../session/pick.ts";
import { say } from "../../view/output.ts";

export default class RoutesDelete extends ClusterCommand {
  static override summary = "Delete a route of a service.";
  static override examples = ["<%= config.bin %> <%= command.id %> --service lan --route 2 --yes"];
  static override flags = {
    service: Flags.string({ required: true, helpValue: "SERVICE", summary: "Name or id of the service." }),
    route: Flags.integer({ required: true, min: 1, helpValue: "ROUTE", summary: "The route's number." }),
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(RoutesDelete);
    return this.withSession(flags, async (session) => {
      const service = pickService(await session.client.allServices(), flags.service);
      const { route_id } = pickRoute(service, flags.route);
      if (!(await confirm(`Delete route ${route_id} of ${service.name}?`, flags))) {
        say("Nothing was changed.");
        return EXIT.general;
      }
      await session.client.deleteRoute(service.id, route_id);
      await this.show(flags, session, { deleted: route_id }, () => `Route ${route_id} of ${service.name} is deleted.`);
      return EXIT.ok;
    });
  }
}
