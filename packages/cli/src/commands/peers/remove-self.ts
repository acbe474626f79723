import { ClusterCommand } from "../../cluster-command.ts";
import { EXIT } from "../../failure.ts";
import { confirm } from "../../prompt.ts";
import { say } from "../../view/output.ts";

export default class PeersRemoveSelf extends ClusterCommand {
  static override summary = "Let the peer that answers leave the cluster.";
  static override description =
    "Final for that peer's id: what it owned ends with it. --url or --peer names the peer that is to leave.";
  static override examples = ["<%= config.bin %> <%= command.id %> --peer gamma --yes"];

  async run(): Promise<number> {
    const { flags } = await this.parse(PeersRemoveSelf);
    return this.withSession(flags, async (session) => {
      const [peer] = await session.client.allPeers({ is_local: "true" });
      const who = peer === undefined ? "the answering peer" : `${peer.name} (${peer.id})`;
      if (!(await confirm(`Let ${who} leave the cluster for good?`, flags))) {
        say("Nothing was changed.");
        return EXIT.general;
      }
      await session.client.removeSelf();
      await this.show(flags, session, { left: peer?.id }, () => `${who} has left.`);
      return EXIT.ok;
    });
  }
}
