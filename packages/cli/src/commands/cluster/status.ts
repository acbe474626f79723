import { ClusterCommand } from "../../cluster-command.ts";
import { statusText } from "../../view/status.ts";
import { showWatched, watchFlags } from "../../watch-flags.ts";

export default class ClusterStatus extends ClusterCommand {
  static override summary = "Show what the answering peer knows of every other, and whether they agree.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --watch",
    "<%= config.bin %> <%= command.id %> --peer beta --json",
  ];
  static override flags = { ...watchFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterStatus);
    await this.withSession(flags, (session) =>
      showWatched(flags, session, async () => {
        const status = await session.client.getStatus();
        await this.show(flags, session, status, (paint) => statusText(status, Date.now(), paint));
      }),
    );
  }
}
