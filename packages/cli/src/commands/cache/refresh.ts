import { ClusterCommand } from "../../cluster-command.ts";
import { namedPeers, namedServices, writeNames } from "../../completion/names.ts";
import { environmentOf } from "../../environment.ts";
import { configFailure, EXIT, Failure } from "../../failure.ts";
import { rememberPeers } from "../../session/remember.ts";
import { countText } from "../../view/format.ts";

export default class CacheRefresh extends ClusterCommand {
  static override summary = "Fetch the names that completions know.";
  static override examples = ["<%= config.bin %> <%= command.id %>"];

  async run(): Promise<void> {
    const { flags } = await this.parse(CacheRefresh);
    const { cacheDirectory } = environmentOf();
    await this.withSession(flags, async (session) => {
      const { client, cluster } = session;
      if (cluster === undefined) {
        throw configFailure("--url names no configured cluster, and completions know no other.", "Leave --url out.");
      }
      const [peers, services] = await Promise.all([client.allPeers(), client.allServices()]);
      rememberPeers(session, peers);
      const names = {
        cluster_id: cluster.cluster_id,
        refreshed_at: new Date().toISOString(),
        peers: namedPeers(peers),
        services: namedServices(services),
      };
      try {
        writeNames(cacheDirectory, names);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Failure(EXIT.general, "IO", `cannot write the cache in ${cacheDirectory}: ${why}.`);
      }
      await this.show(
        flags,
        session,
        names,
        () => `${countText(names.peers.length, "peer")} and ${countText(names.services.length, "service")} are known.`,
      );
    });
  }
}
