import { checkLicense, licenseStateAt, nobleCrypto } from "@arctic/core";
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../base-command.ts";
import { EXIT, Failure } from "../../failure.ts";
import { licenseFields, readLicense } from "../../license/license-file.ts";
import { readRoots } from "../../license/root-key.ts";

export default class LicenseVerify extends BaseCommand {
  static override summary = "Check a license as an agent does, offline.";
  static override description = "Exits 0 where a root signed the license for a customer that it may sign for, else 1.";
  static override examples = ["<%= config.bin %> <%= command.id %> license.json --roots roots.json"];
  static override args = {
    license: Args.string({ required: true, ignoreStdin: true, description: "The license file." }),
  };
  static override flags = {
    roots: Flags.string({ required: true, helpValue: "FILE", summary: "The license roots, as the agent has them." }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LicenseVerify);
    const checked = checkLicense(nobleCrypto, readRoots(flags.roots), readLicense(args.license));
    if (!checked.ok) {
      throw new Failure(
        EXIT.general,
        checked.rejection.code.toUpperCase(),
        `${args.license}: ${checked.rejection.message}.`,
      );
    }
    const now = Date.now();
    const license = checked.value;
    await this.print(flags, { valid: true, state: licenseStateAt(license, now), license }, () =>
      licenseFields(license, now),
    );
  }
}
