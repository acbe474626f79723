import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { routeFlags, routeFrom } from "../../route-flags.ts";
import { pickRoute, pickService } from "../../session/pick.ts";
import { routesTable } from "../../view/services.ts";

export default class RoutesUpdate extends ClusterCommand {
  static override summary = "Change a route of a service.";
  static override description = "What is left out stays; `any` takes a network away.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --service lan --route 2 --dest-cidr 10.2.0.0/16",
    "<%= config.bin %> <%= command.id %> --service lan --route 2 --source-cidr any",
  ];
  static override flags = {
    service: Flags.string({ required: true, helpValue: "SERVICE", summary: "Name or id of the service." }),
    route: Flags.integer({ required: true, min: 1, helpValue: "ROUTE", summary: "The route's number." }),
    priority: Flags.integer({ helpValue: "NUMBER", summary: "Higher wins among routes that are alike." }),
    ...routeFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(RoutesUpdate);
    await this.withSession(flags, async (session) => {
      const service = pickService(await session.client.allServices(), flags.service);
      const old = pickRoute(service, flags.route);
      const route = await session.client.updateRoute(
        service.id,
        old.route_id,
        routeFrom({
          priority: flags.priority ?? old.priority,
          source_cidr: changed(old.source_cidr, flags["source-cidr"]),
          dest_cidr: changed(old.dest_cidr, flags["dest-cidr"]),
        }),
      );
      await this.show(flags, session, route, () => routesTable([route]));
    });
  }
}

function changed(old: string | undefined, given: string | undefined): string | undefined {
  if (given === undefined) return old;
  return given === "any" ? undefined : given;
}
