import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../base-command.ts";
import { readConfig, writeConfig } from "../../config/config-file.ts";
import { pickCluster } from "../../config/pick-cluster.ts";
import { configPathOf } from "../../session/session.ts";

export default class ConfigUse extends BaseCommand {
  static override summary = "Make a cluster the current one.";
  static override examples = ["<%= config.bin %> <%= command.id %> production"];
  static override args = {
    cluster: Args.string({ required: true, ignoreStdin: true, description: "Name or id of the cluster." }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ConfigUse);
    const path = configPathOf(flags);
    const config = readConfig(path);
    const clusterId = pickCluster(config, args.cluster);
    writeConfig(path, { ...config, current_cluster: clusterId });
    await this.print(flags, { current_cluster: clusterId }, () => `${clusterId} is the current cluster now.`);
  }
}
