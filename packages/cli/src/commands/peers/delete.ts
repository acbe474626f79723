import * as Args from "@oclif/core/args";
import { ClusterCommand } from "../../cluster-command.ts";
import { EXIT } from "../../failure.ts";
import { confirm } from "../../prompt.ts";
import { pickPeer } from "../../session/pick.ts";
import { rememberPeers } from "../../session/remember.ts";
import { say } from "../../view/output.ts";

export default class PeersDelete extends ClusterCommand {
  static override summary = "Revoke a peer everywhere, for good.";
  static override description =
    "Its links are closed, its services and tokens end, and its id is never accepted again. The host can come back " +
    "only as a new peer, bootstrapped anew.";
  static override examples = ["<%= config.bin %> <%= command.id %> gamma --yes"];
  static override args = {
    peer: Args.string({ required: true, ignoreStdin: true, description: "Name or id of the peer." }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(PeersDelete);
    return this.withSession(flags, async (session) => {
      const peer = pickPeer(await session.client.allPeers(), args.peer);
      if (!(await confirm(`Revoke ${peer.name} (${peer.id}) for good?`, flags))) {
        say("Nothing was changed.");
        return EXIT.general;
      }
      await session.client.deletePeer(peer.id);
      rememberPeers(session, await session.client.allPeers());
      await this.show(flags, session, { deleted: peer.id }, () => `${peer.name} (${peer.id}) is revoked.`);
      return EXIT.ok;
    });
  }
}
