import { BaseCommand } from "../../base-command.ts";
import { readNames } from "../../completion/names.ts";
import { DEFAULT_CACHE_TTL_SECONDS } from "../../config/config.ts";
import { readConfig } from "../../config/config-file.ts";
import { environmentOf } from "../../environment.ts";
import { configPathOf } from "../../session/session.ts";
import { agoText } from "../../view/format.ts";
import { table } from "../../view/table.ts";

export default class CacheStatus extends BaseCommand {
  static override summary = "Show what completions know of each configured cluster, and how old it is.";
  static override description =
    "Listing peers or services renews it once it is older than cache_ttl of the configuration (3600 s), and " +
    "arctic cache refresh at any time.";
  static override examples = ["<%= config.bin %> <%= command.id %>"];

  async run(): Promise<void> {
    const { flags } = await this.parse(CacheStatus);
    const config = readConfig(configPathOf(flags));
    const { cacheDirectory } = environmentOf();
    const now = Date.now();
    const ttlMs = (config.preferences.cache_ttl ?? DEFAULT_CACHE_TTL_SECONDS) * 1000;
    const caches = Object.values(config.clusters).map(({ cluster_id, name }) => {
      const names = readNames(cacheDirectory, cluster_id);
      return {
        cluster_id,
        ...(name === undefined ? {} : { name }),
        ...(names === undefined ? {} : { refreshed_at: names.refreshed_at }),
        stale: names === undefined || now - Date.parse(names.refreshed_at) > ttlMs,
        peers: names?.peers.length ?? 0,
        services: names?.services.length ?? 0,
      };
    });
    await this.print(flags, { directory: cacheDirectory, ttl_seconds: ttlMs / 1000, caches }, () =>
      table(
        [
          { head: "cluster", cell: (cache) => cache.name ?? cache.cluster_id },
          { head: "refreshed", cell: (cache) => agoText(cache.refreshed_at, now) },
          { head: "stale", cell: (cache) => (cache.stale ? "yes" : "no") },
          { head: "peers", cell: (cache) => String(cache.peers), align: "right" },
          { head: "services", cell: (cache) => String(cache.services), align: "right" },
        ],
        caches,
      ),
    );
  }
}
