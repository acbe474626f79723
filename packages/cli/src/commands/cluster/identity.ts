import { ClusterCommand } from "../../cluster-command.ts";
import { fields } from "../../view/table.ts";

export default class ClusterIdentity extends ClusterCommand {
  static override summary = "Show who answers: peer, cluster, license, certificate.";
  static override description =
    "Asked without a token, so it also tells who an agent with an unknown certificate says it is.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --url https://10.0.0.2:8080",
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterIdentity);
    await this.withPublicSession(flags, async (session) => {
      const identity = await session.client.getIdentity();
      await this.show(flags, session, identity, () =>
        fields([
          ["peer", identity.peer_id],
          ["public key", identity.public_key],
          ["cluster", identity.cluster_id],
          ["license", identity.license_id],
          ["certificate", `SHA-256 ${identity.tls_fingerprint}`],
          ["agent", identity.version],
        ]),
      );
    });
  }
}
