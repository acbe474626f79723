import * as Args from "@oclif/core/args";
import { ClusterCommand } from "../../cluster-command.ts";
import { EXIT } from "../../failure.ts";
import { confirm } from "../../prompt.ts";
import { pickService } from "../../session/pick.ts";
import { say } from "../../view/output.ts";

export default class ServicesDelete extends ClusterCommand {
  static override summary = "Delete a service; its traffic is carried no longer.";
  static override examples = ["<%= config.bin %> <%= command.id %> web --yes"];
  static override args = {
    service: Args.string({ required: true, ignoreStdin: true, description: "Name or id of the service." }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(ServicesDelete);
    return this.withSession(flags, async (session) => {
      const service = pickService(await session.client.allServices(), args.service);
      if (!(await confirm(`Delete the service ${service.name} (${service.id})?`, flags))) {
        say("Nothing was changed.");
        return EXIT.general;
      }
      await session.client.deleteService(service.id);
      await this.show(flags, session, { deleted: service.id }, () => `${service.name} (${service.id}) is deleted.`);
      return EXIT.ok;
    });
  }
}
