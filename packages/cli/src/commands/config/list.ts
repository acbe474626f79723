import { BaseCommand } from "../../base-command.ts";
import { endpointsOf } from "../../config/config.ts";
import { readConfig } from "../../config/config-file.ts";
import { configPathOf } from "../../session/session.ts";
import { table } from "../../view/table.ts";

export default class ConfigList extends BaseCommand {
  static override summary = "List the clusters that this command knows.";
  static override examples = ["<%= config.bin %> <%= command.id %>"];

  async run(): Promise<void> {
    const { flags } = await this.parse(ConfigList);
    const config = readConfig(configPathOf(flags));
    const clusters = Object.entries(config.clusters).map(([id, cluster]) => ({
      cluster_id: id,
      name: cluster.name ?? "",
      current: id === config.current_cluster,
      peers: cluster.peers.length,
      endpoint: endpointsOf(cluster)[0] ?? "",
    }));
    await this.print(
      flags,
      { clusters },
      () =>
        clusters.length === 0
          ? "No cluster is configured. arctic bootstrap makes one."
          : table(
              [
                { head: "current", cell: (row) => (row.current ? "*" : "") },
                { head: "cluster", cell: (row) => row.cluster_id },
                { head: "name", cell: (row) => row.name },
                { head: "peers", cell: (row) => String(row.peers), align: "right" },
                { head: "endpoint", cell: (row) => row.endpoint },
              ],
              clusters,
            ),
      config.preferences.output_format,
    );
  }
}
