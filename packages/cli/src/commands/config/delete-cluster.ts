import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../base-command.ts";
import { withoutCluster } from "../../config/config.ts";
import { readConfig, writeConfig } from "../../config/config-file.ts";
import { pickCluster } from "../../config/pick-cluster.ts";
import { environmentOf } from "../../environment.ts";
import { EXIT } from "../../failure.ts";
import { confirm } from "../../prompt.ts";
import { configPathOf } from "../../session/session.ts";
import { forgetToken } from "../../session/token-file.ts";
import { say } from "../../view/output.ts";

export default class ConfigDeleteCluster extends BaseCommand {
  static override summary = "Forget a cluster and the secret that opens it.";
  static override description = "Changes the configuration only; the cluster itself stays as it is.";
  static override examples = ["<%= config.bin %> <%= command.id %> test --yes"];
  static override args = {
    cluster: Args.string({ required: true, ignoreStdin: true, description: "Name or id of the cluster." }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(ConfigDeleteCluster);
    const path = configPathOf(flags);
    const config = readConfig(path);
    const clusterId = pickCluster(config, args.cluster);
    if (!(await confirm(`Forget ${clusterId} and its client secret?`, flags))) {
      say("Nothing was changed.");
      return EXIT.general;
    }
    writeConfig(path, withoutCluster(config, clusterId));
    forgetToken(environmentOf().cacheDirectory, clusterId);
    await this.print(flags, { deleted: clusterId }, () => `${clusterId} is forgotten.`);
    return EXIT.ok;
  }
}
