import * as Flags from "@oclif/core/flags";
import { formatOf } from "../../base-command.ts";
import { ClusterCommand } from "../../cluster-command.ts";
import { composeText } from "../../compose/canonical-text.ts";
import { composeFrom } from "../../compose/export.ts";
import { writeNew } from "../../files.ts";

export default class ComposeExport extends ClusterCommand {
  static override summary = "Write the running cluster as a compose file.";
  static override description =
    "Applied again, the file changes nothing. It goes to stdout, or to a new file with --out.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> > cluster.yaml",
    "<%= config.bin %> <%= command.id %> --license-file license.json --out cluster.yaml",
  ];
  static override flags = {
    out: Flags.string({ helpValue: "FILE", summary: "Where the file goes. Default: stdout." }),
    "license-file": Flags.string({ helpValue: "FILE", summary: "The license that the file shall name." }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ComposeExport);
    await this.withSession(flags, async ({ client }) => {
      const [peers, services] = await Promise.all([client.allPeers(), client.allServices()]);
      const value = composeFrom(peers, services, flags["license-file"]);
      const text = formatOf(flags) === "json" ? `${JSON.stringify(value, null, 2)}\n` : composeText(value);
      if (flags.out === undefined) process.stdout.write(text);
      else writeNew(flags.out, text, 0o644, "the compose file");
    });
  }
}
