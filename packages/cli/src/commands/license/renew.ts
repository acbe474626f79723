import { msFromRfc3339, rfc3339FromMs } from "@arctic/core";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../base-command.ts";
import { usageFailure } from "../../failure.ts";
import { writeNew } from "../../files.ts";
import { expiryFrom, licenseFields, licenseText, readLicense, signLicense } from "../../license/license-file.ts";
import { readRootKey } from "../../license/root-key.ts";

export default class LicenseRenew extends BaseCommand {
  static override summary = "Sign the successor of a license.";
  static override description =
    "The successor keeps the customer and the license id, so that a cluster takes it in place of the old one. Limits and " +
    "features stay unless they are given.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --key root.key --license license.json --expires 365d --out license-2.json",
    "<%= config.bin %> <%= command.id %> --key root.key --license license.json --expires 365d --max-nodes 50 --out license-2.json",
  ];
  static override flags = {
    key: Flags.string({ required: true, helpValue: "FILE", summary: "The root's key file." }),
    license: Flags.string({ required: true, helpValue: "FILE", summary: "The license to succeed." }),
    expires: Flags.string({
      required: true,
      helpValue: "WHEN",
      summary: "Days from now (365d) or an RFC 3339 UTC time.",
    }),
    "max-nodes": Flags.integer({ min: 1, helpValue: "COUNT", summary: "Peers that the cluster may have." }),
    "max-services": Flags.integer({ min: 0, helpValue: "COUNT", summary: "Services that it may have." }),
    feature: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "NAME",
      summary: "A feature; may repeat.",
    }),
    out: Flags.string({ helpValue: "FILE", summary: "Where the license goes. Default: stdout." }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(LicenseRenew);
    const key = readRootKey(flags.key);
    const old = readLicense(flags.license);
    const now = Date.now();
    if ((msFromRfc3339(old.issued_at) ?? 0) >= now) {
      throw usageFailure(
        `${flags.license} was issued at ${old.issued_at}, which is not before this machine's clock.`,
        "Set the clock: a successor must be issued later than what it succeeds.",
      );
    }
    const { signature: _signature, key_id: _keyId, ...terms } = old;
    const license = signLicense(key, {
      ...terms,
      issued_at: rfc3339FromMs(now),
      expires_at: expiryFrom(flags.expires, now),
      max_nodes: flags["max-nodes"] ?? old.max_nodes,
      max_services: flags["max-services"] ?? old.max_services,
      features: flags.feature ?? old.features,
    });
    if (flags.out === undefined) {
      process.stdout.write(licenseText(license));
      return;
    }
    writeNew(flags.out, licenseText(license), 0o644, "the license");
    await this.print(flags, license, () => licenseFields(license, now));
  }
}
