import * as Args from "@oclif/core/args";
import { ClusterCommand } from "../../cluster-command.ts";
import { licenseFields, readLicense } from "../../license/license-file.ts";

export default class LicenseShow extends ClusterCommand {
  static override summary = "Show a license document: a file's, or the answering peer's.";
  static override description =
    "A file is shown as it is, offline and without a check; arctic license verify checks it.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> license.json",
    "<%= config.bin %> <%= command.id %> --json > license.json",
  ];
  static override args = { license: Args.string({ ignoreStdin: true, description: "The license file." }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LicenseShow);
    if (args.license !== undefined) {
      const license = readLicense(args.license);
      return this.print(flags, license, () => licenseFields(license, Date.now()));
    }
    await this.withSession(flags, async (session) => {
      const { license } = await session.client.getLicense();
      await this.show(flags, session, license, () => licenseFields(license, Date.now()));
    });
  }
}
