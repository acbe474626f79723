import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { pickService } from "../../session/pick.ts";
import { routesTable } from "../../view/services.ts";
import { showWatched, watchFlags } from "../../watch-flags.ts";

export default class RoutesList extends ClusterCommand {
  static override summary = "List the routes of a service.";
  static override examples = ["<%= config.bin %> <%= command.id %> --service web"];
  static override flags = {
    service: Flags.string({ required: true, helpValue: "SERVICE", summary: "Name or id of the service." }),
    ...watchFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(RoutesList);
    await this.withSession(flags, (session) =>
      showWatched(flags, session, async () => {
        const { routes } = pickService(await session.client.allServices(), flags.service);
        await this.show(flags, session, { routes }, () => routesTable(routes));
      }),
    );
  }
}
