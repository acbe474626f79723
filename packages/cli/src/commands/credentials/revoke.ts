import * as Args from "@oclif/core/args";
import { ClusterCommand } from "../../cluster-command.ts";
import { EXIT } from "../../failure.ts";
import { confirm } from "../../prompt.ts";
import { pickCredential } from "../../session/pick.ts";
import { say } from "../../view/output.ts";

export default class CredentialsRevoke extends ClusterCommand {
  static override summary = "Revoke a client everywhere, its tokens too.";
  static override description = "At once and for good. The client that asks cannot revoke itself.";
  static override examples = ["<%= config.bin %> <%= command.id %> cli_01JD0000000000000000000000 --yes"];
  static override args = {
    client: Args.string({ required: true, ignoreStdin: true, description: "Id of the client." }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(CredentialsRevoke);
    return this.withSession(flags, async (session) => {
      const { client_id } = pickCredential(await session.client.allCredentials(), args.client);
      if (!(await confirm(`Revoke the client ${client_id} for good?`, flags))) {
        say("Nothing was changed.");
        return EXIT.general;
      }
      await session.client.deleteCredential(client_id);
      await this.show(flags, session, { revoked: client_id }, () => `${client_id} is revoked.`);
      return EXIT.ok;
    });
  }
}
