import { createId, isId, nobleCrypto, rfc3339FromMs } from "@arctic/core";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../base-command.ts";
import { usageFailure } from "../../failure.ts";
import { writeNew } from "../../files.ts";
import { expiryFrom, licenseFields, licenseText, signLicense } from "../../license/license-file.ts";
import { readRootKey } from "../../license/root-key.ts";

export default class LicenseIssue extends BaseCommand {
  static override summary = "Sign a new license.";
  static override description =
    "A license makes hosts of one customer a cluster and says how many there may be. Without --customer it is for the " +
    "customer that the root is limited to. Without --out the document goes to stdout.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --key root.key --max-nodes 10 --max-services 100 --expires 365d --out license.json",
    "<%= config.bin %> <%= command.id %> --key root.key --customer cust_01JD0000000000000000000000 --max-nodes 3 --max-services 10 --expires 2030-01-31T00:00:00Z --out license.json",
  ];
  static override flags = {
    key: Flags.string({ required: true, helpValue: "FILE", summary: "The root's key file." }),
    customer: Flags.string({ helpValue: "CUSTOMER", summary: "For whom. Default: the root's customer." }),
    "max-nodes": Flags.integer({
      required: true,
      min: 1,
      helpValue: "COUNT",
      summary: "Peers that the cluster may have.",
    }),
    "max-services": Flags.integer({
      required: true,
      min: 0,
      helpValue: "COUNT",
      summary: "Services that it may have.",
    }),
    expires: Flags.string({
      required: true,
      helpValue: "WHEN",
      summary: "Days from now (365d) or an RFC 3339 UTC time.",
    }),
    feature: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "NAME",
      summary: "A feature; may repeat.",
    }),
    out: Flags.string({ helpValue: "FILE", summary: "Where the license goes. Default: stdout." }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(LicenseIssue);
    const key = readRootKey(flags.key);
    const customer = flags.customer ?? key.root.customer_id;
    if (customer === undefined) {
      throw usageFailure(`the root ${key.root.key_id} signs for any customer: say which.`, "Add --customer cust_…");
    }
    if (!isId("cust", customer))
      throw usageFailure(`--customer ${customer} is not a customer id.`, "cust_ and a ULID.");
    const now = Date.now();
    const license = signLicense(key, {
      customer_id: customer,
      license_id: createId("lic", nobleCrypto, now),
      replaces: [],
      issued_at: rfc3339FromMs(now),
      expires_at: expiryFrom(flags.expires, now),
      max_nodes: flags["max-nodes"],
      max_services: flags["max-services"],
      features: flags.feature ?? [],
    });
    if (flags.out === undefined) {
      process.stdout.write(licenseText(license));
      return;
    }
    writeNew(flags.out, licenseText(license), 0o644, "the license");
    await this.print(flags, license, () => licenseFields(license, now));
  }
}
