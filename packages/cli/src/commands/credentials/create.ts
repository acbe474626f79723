import { parseScope, SCOPES, type Scope } from "@arctic/agent/client";
import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { usageFailure } from "../../failure.ts";
import { scopesText } from "../../view/credentials.ts";
import { say } from "../../view/output.ts";
import { fields } from "../../view/table.ts";

export default class CredentialsCreate extends ClusterCommand {
  static override summary = "Make a client with a secret of its own.";
  static override description =
    "It may do at most what the caller may. Its secret is shown here and never again: the cluster keeps a hash of it.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --scopes peers.read,services.read",
    "<%= config.bin %> <%= command.id %> --json > monitoring.json",
  ];
  static override flags = {
    scopes: Flags.string({
      helpValue: "SCOPES",
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ",",
      summary: `What it may do, with commas: ${SCOPES.join(", ")}. Default: what the caller may.`,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(CredentialsCreate);
    const scopes = flags.scopes?.map(scopeFrom);
    await this.withSession(flags, async (session) => {
      const made = await session.client.createCredential(scopes === undefined ? {} : { scopes });
      await this.show(flags, session, made, () =>
        fields([
          ["client", made.client_id],
          ["secret", made.client_secret],
          ["scopes", scopesText(made.scopes)],
        ]),
      );
      say("The secret is shown this once.");
    });
  }
}

function scopeFrom(text: string): Scope {
  const scope = parseScope(text.trim());
  if (scope !== undefined) return scope;
  throw usageFailure(`--scopes: there is no scope "${text}".`, `Scopes: ${SCOPES.join(", ")}`);
}
