import { setTimeout as sleep } from "node:timers/promises";
import * as Flags from "@oclif/core/flags";
import { formatOf } from "../../base-command.ts";
import { ClusterCommand } from "../../cluster-command.ts";
import { statusText } from "../../view/status.ts";

const DEFAULT_INTERVAL_SECONDS = 2;
const CLEAR_SCREEN = "\u001b[2J\u001b[H";

export default class ClusterStatus extends ClusterCommand {
  static override summary = "Show what the answering peer knows of every other, and whether they agree.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --watch",
    "<%= config.bin %> <%= command.id %> --peer beta --json",
  ];
  static override flags = {
    watch: Flags.boolean({ char: "w", summary: "Show it again and again until Ctrl-C." }),
    interval: Flags.integer({
      min: 1,
      max: 3600,
      helpValue: "SECONDS",
      summary: "How often with --watch. Default: 2.",
      dependsOn: ["watch"],
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterStatus);
    await this.withSession(flags, async (session) => {
      const isScreen = process.stdout.isTTY && formatOf(flags, session.config.preferences.output_format) === "table";
      do {
        const status = await session.client.getStatus();
        if (flags.watch && isScreen) process.stdout.write(CLEAR_SCREEN);
        await this.show(flags, session, status, () => statusText(status, Date.now()));
        if (flags.watch) await sleep((flags.interval ?? DEFAULT_INTERVAL_SECONDS) * 1000);
      } while (flags.watch);
    });
  }
}
