import { ClusterCommand } from "../../cluster-command.ts";

export default class ClusterSync extends ClusterCommand {
  static override summary = "Let the answering peer gossip with every linked peer now.";
  static override examples = ["<%= config.bin %> <%= command.id %>"];

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterSync);
    await this.withSession(flags, async (session) => {
      const reply = await session.client.sync();
      await this.show(flags, session, reply, () => `A round was started with ${reply.linked_peers} linked peers.`);
    });
  }
}
