import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { prepare } from "../../compose/prepare.ts";
import { readCompose } from "../../compose/read.ts";
import { planText, planValue } from "../../compose/step-text.ts";
import { fileWarnings } from "../../compose/warnings.ts";
import {
  accessFrom,
  credentialsFileFlag,
  fileFlag,
  readingFlags,
  sayWarnings,
  variablesFrom,
} from "../../compose-flags.ts";
import { EXIT } from "../../failure.ts";
import { failureFromClient } from "../../session/client-failure.ts";

const DIFFERENT = 2;

export default class ComposeDiff extends ClusterCommand {
  static override summary = "Show what apply would do, and do nothing.";
  static override description = "Exits 0 where the cluster is as the file says, 2 where it is not.";
  static override examples = ["<%= config.bin %> <%= command.id %> -f cluster.yaml"];
  static override flags = {
    file: fileFlag,
    "credentials-file": credentialsFileFlag,
    ...readingFlags,
    prune: Flags.boolean({ summary: "Count services that the file does not name as a difference." }),
    "ignore-unreachable": Flags.boolean({ summary: "Compare what can be reached." }),
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(ComposeDiff);
    const compose = readCompose(flags.file, variablesFrom(flags));
    sayWarnings(fileWarnings(compose), flags);
    const access = accessFrom(flags, { isConfigSaved: false, credentialsPath: flags["credentials-file"] });
    const { plan, hub } = await prepare(compose, access, {
      isPruning: flags.prune,
      isIgnoringUnreachable: flags["ignore-unreachable"],
    }).catch((error: unknown) => {
      throw failureFromClient(error);
    });
    hub?.client.close();
    await this.print(flags, planValue(plan), () => planText(plan));
    return plan.steps.length === 0 ? EXIT.ok : DIFFERENT;
  }
}
