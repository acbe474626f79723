import { existsSync } from "node:fs";
import { createId, isId, nobleCrypto } from "@arctic/core";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../base-command.ts";
import { usageFailure } from "../../failure.ts";
import { writeNew } from "../../files.ts";
import { createRootKey, rootKeyText, rootsText } from "../../license/root-key.ts";
import { fields } from "../../view/table.ts";

export default class LicenseKeygen extends BaseCommand {
  static override summary = "Make a root that may sign licenses.";
  static override description =
    "Writes two files: the key, which stays with whoever issues licenses, and the license roots, which each agent reads " +
    "from the path in ARCTIC_LICENSE_ROOTS. The root signs for one customer unless --any-customer is given; without " +
    "--customer a new customer id is made. Nothing is overwritten.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --out root.key --roots roots.json",
    "<%= config.bin %> <%= command.id %> --out root.key --roots roots.json --customer cust_01JD0000000000000000000000",
  ];
  static override flags = {
    out: Flags.string({ required: true, helpValue: "FILE", summary: "Where the key goes; mode 0600." }),
    roots: Flags.string({ required: true, helpValue: "FILE", summary: "Where the agents' license roots go." }),
    customer: Flags.string({
      helpValue: "CUSTOMER",
      summary: "The customer whose licenses this root may sign.",
      exclusive: ["any-customer"],
    }),
    "any-customer": Flags.boolean({ summary: "Let the root sign for every customer." }),
    "key-id": Flags.string({
      helpValue: "NAME",
      summary: "The root's name in licenses. Default: root- and eight digits.",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(LicenseKeygen);
    const keyId = flags["key-id"] ?? `root-${Buffer.from(nobleCrypto.randomBytes(4)).toString("hex")}`;
    if (keyId.length === 0 || keyId.length > 64) throw usageFailure("--key-id has 1 to 64 characters.");
    const customer = flags.customer ?? createId("cust", nobleCrypto, Date.now());
    if (!isId("cust", customer))
      throw usageFailure(`--customer ${customer} is not a customer id.`, "cust_ and a ULID.");
    if (existsSync(flags.roots)) {
      throw usageFailure(`the roots file ${flags.roots} exists already and is not replaced.`, "Name another file.");
    }

    const key = createRootKey(keyId, flags["any-customer"] ? undefined : customer);
    writeNew(flags.out, rootKeyText(key), 0o600, "the key file");
    writeNew(flags.roots, rootsText([key.root]), 0o644, "the roots file");
    const { customer_id } = key.root;
    await this.print(flags, { ...key.root, key_file: flags.out, roots_file: flags.roots }, () =>
      fields([
        ["root", key.root.key_id],
        ["customer", customer_id ?? "any"],
        ["public key", key.root.public_key],
        ["key file", `${flags.out} (keep it secret: it signs licenses)`],
        ["roots file", `${flags.roots} (give it to every agent: ARCTIC_LICENSE_ROOTS)`],
      ]),
    );
  }
}
