import * as Args from "@oclif/core/args";
import { ClusterCommand } from "../../cluster-command.ts";
import { licenseFields, readLicense } from "../../license/license-file.ts";

export default class LicenseUpdate extends ClusterCommand {
  static override summary = "Put in a successor of the cluster's license.";
  static override description =
    "Every peer that holds the license before it takes it within a heartbeat. A license that is no successor is refused, " +
    "and the same one again changes nothing.";
  static override examples = ["<%= config.bin %> <%= command.id %> license-2.json"];
  static override args = {
    license: Args.string({ required: true, ignoreStdin: true, description: "The license file." }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LicenseUpdate);
    const document = readLicense(args.license);
    await this.withSession(flags, async (session) => {
      const reply = await session.client.putLicense(document);
      await this.show(flags, session, reply, () => licenseFields(reply.license, Date.now()));
    });
  }
}
