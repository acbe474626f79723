import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../base-command.ts";
import { withoutPeer } from "../../config/config.ts";
import { readConfig, writeConfig } from "../../config/config-file.ts";
import { pickCluster } from "../../config/pick-cluster.ts";
import { configFailure } from "../../failure.ts";
import { configPathOf } from "../../session/session.ts";

export default class ConfigDeletePeer extends BaseCommand {
  static override summary = "Forget a peer's endpoints and its certificate's fingerprint.";
  static override description = "Changes the configuration only; arctic peers delete removes a peer from the cluster.";
  static override examples = ["<%= config.bin %> <%= command.id %> gamma"];
  static override args = {
    peer: Args.string({ required: true, ignoreStdin: true, description: "Name or id of the peer." }),
  };
  static override flags = {
    cluster: Flags.string({ helpValue: "CLUSTER", summary: "Name or id of the cluster. Default: the current one." }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ConfigDeletePeer);
    const path = configPathOf(flags);
    const config = readConfig(path);
    const clusterId = flags.cluster === undefined ? config.current_cluster : pickCluster(config, flags.cluster);
    const cluster = clusterId === undefined ? undefined : config.clusters[clusterId];
    if (clusterId === undefined || cluster === undefined) {
      throw configFailure("no cluster is current.", "Name one with --cluster.");
    }
    const found = cluster.peers.filter((peer) => peer.peer_id === args.peer || peer.name === args.peer);
    const [peer] = found;
    if (peer === undefined || found.length > 1) {
      throw configFailure(
        `${clusterId} has ${found.length === 0 ? "no configured peer" : `${found.length} configured peers`} "${args.peer}".`,
        `Candidates: ${cluster.peers.map(({ name, peer_id }) => `${name} (${peer_id})`).join(", ")}`,
      );
    }
    writeConfig(path, { ...config, clusters: { ...config.clusters, [clusterId]: withoutPeer(cluster, peer.peer_id) } });
    await this.print(flags, { deleted: peer.peer_id }, () => `${peer.name} (${peer.peer_id}) is forgotten.`);
  }
}
