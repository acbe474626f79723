import type { Interfaces } from "@oclif/core";
import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../cluster-command.ts";
import { withCluster } from "../config/config.ts";
import { readConfig, writeConfig } from "../config/config-file.ts";
import { EXIT, Failure, usageFailure } from "../failure.ts";
import { readLicense } from "../license/license-file.ts";
import { bootstrapHost } from "../session/bootstrap.ts";
import { failureFromClient } from "../session/client-failure.ts";
import { configPathOf, givenAuth, givenTrust, timeoutMsOf } from "../session/session.ts";
import { say } from "../view/output.ts";
import { fields } from "../view/table.ts";

const ANY_HOLDER = "For one hour this peer accepts a first contact by any holder of a license of its customer.";

type BootstrapFlags = Interfaces.InferredFlags<typeof BootstrapCommand.flags & typeof ClusterCommand.baseFlags>;

export default class BootstrapCommand extends ClusterCommand {
  static override summary = "Make a host the first peer of a cluster, or a fresh peer that another will add.";
  static override description =
    "Saves the cluster with its client's secret in the configuration and makes it current. The certificate that the " +
    "agent shows is kept from then on. The fresh peer accepts its first contact for one hour: from any holder of a " +
    "license of its customer, or with --accept-key only from the peer with that public key. Once the hour is over, " +
    "--reopen gives a peer that is still alone another one.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --url https://10.0.0.1:8080 --license-file license.json --name alpha",
    "<%= config.bin %> <%= command.id %> --url https://10.0.0.2:8080 --license-file license.json --name beta --accept-key KEY",
    "<%= config.bin %> <%= command.id %> --reopen --accept-key KEY",
  ];
  static override flags = {
    "license-file": Flags.string({
      exactlyOne: ["license-file", "reopen"],
      helpValue: "FILE",
      summary: "The license.",
    }),
    reopen: Flags.boolean({
      exclusive: ["name", "description"],
      summary: "Open a bootstrapped peer that is alone to a first contact, for one hour more.",
    }),
    name: Flags.string({ helpValue: "NAME", summary: "The peer's name. Default: the agent's choice." }),
    description: Flags.string({ helpValue: "TEXT", summary: "What a person should know of the peer." }),
    "accept-key": Flags.string({ helpValue: "KEY", summary: "The public key of the peer that will add this one." }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(BootstrapCommand);
    await (flags["license-file"] === undefined ? this.#reopen(flags) : this.#bootstrap(flags, flags["license-file"]));
  }

  #reopen(flags: BootstrapFlags): Promise<void> {
    const acceptKey = flags["accept-key"];
    return this.withSession(flags, async (session) => {
      const reply = await session.client.reopen(acceptKey === undefined ? {} : { accept_key: acceptKey });
      await this.show(flags, session, reply, () => fields([["accepts a first contact until", reply.fresh_until]]));
      if (acceptKey === undefined) say(ANY_HOLDER);
    });
  }

  async #bootstrap(flags: BootstrapFlags, licenseFile: string): Promise<void> {
    const { url } = flags;
    if (url === undefined) throw usageFailure("which host? --url is missing.", "Such as --url https://10.0.0.1:8080");
    const license = readLicense(licenseFile);
    const path = configPathOf(flags);
    const config = readConfig(path);
    // Written once before the secret exists: a configuration that cannot be written must not cost it.
    writeConfig(path, config);
    const { reply, cluster } = await bootstrapHost({
      url,
      body: {
        license,
        ...(flags.name === undefined ? {} : { name: flags.name }),
        ...(flags.description === undefined ? {} : { description: flags.description }),
        ...(flags["accept-key"] === undefined ? {} : { accept_key: flags["accept-key"] }),
      },
      trust: givenTrust(flags),
      auth: givenAuth(flags) ?? { type: "none" },
      timeoutMs: timeoutMsOf(flags, config),
    }).catch((error: unknown) => {
      throw failureFromClient(error);
    });
    try {
      writeConfig(path, withCluster(readConfig(path), cluster, "make_current"));
    } catch (error) {
      throw new Failure(
        EXIT.configuration,
        "SECRET_NOT_SAVED",
        `the host is bootstrapped, but ${path} could not be written.`,
        {
          next: `${error instanceof Error ? error.message : error} The host's recovery token opens it (--recovery-token-file).`,
        },
      );
    }
    const { client_secret: _secret, ...shown } = reply;
    await this.print(
      flags,
      { ...shown, config: path },
      () =>
        fields([
          ["peer", reply.peer_id],
          ["public key", reply.peer_public_key],
          ["cluster", `${reply.cluster_id} (current in ${path})`],
          ["client", `${reply.client_id} (its secret is in ${path})`],
          ["license", `${reply.license_id}, until ${reply.expires_at}`],
          ["limits", `${reply.max_nodes} nodes, ${reply.max_services} services`],
          ["certificate", `SHA-256 ${reply.tls_fingerprint}`],
        ]),
      config.preferences.output_format,
    );
    if (flags["accept-key"] === undefined) {
      say(ANY_HOLDER);
    }
  }
}
