import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../base-command.ts";
import type { Config, KnownCluster } from "../../config/config.ts";
import { readConfig, writeConfig } from "../../config/config-file.ts";
import { pickCluster } from "../../config/pick-cluster.ts";
import { configFailure, usageFailure } from "../../failure.ts";
import { configPathOf } from "../../session/session.ts";

export default class ConfigSet extends BaseCommand {
  static override summary = "Set a preference, or a field of a cluster.";
  static override description = [
    "Keys: output_format (table, json, yaml), timeout and cache_ttl (seconds), color (auto, never), and of the current cluster, or of the one before the dot,",
    "name and default_peer (name or id of one of its configured peers).",
  ].join(" ");
  static override examples = [
    "<%= config.bin %> <%= command.id %> output_format json",
    "<%= config.bin %> <%= command.id %> name production",
    "<%= config.bin %> <%= command.id %> production.default_peer alpha",
  ];
  static override args = {
    key: Args.string({ required: true, ignoreStdin: true, description: "What to set." }),
    value: Args.string({ required: true, ignoreStdin: true, description: "The new value." }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ConfigSet);
    const path = configPathOf(flags);
    writeConfig(path, withValue(readConfig(path), args.key, args.value));
    await this.print(flags, { [args.key]: args.value }, () => `${args.key} is ${args.value} now.`);
  }
}

/** The configuration with one value changed. Throws a usage failure for a key or a value that does not exist. */
function withValue(config: Config, key: string, value: string): Config {
  if (key === "output_format") {
    if (value !== "table" && value !== "json" && value !== "yaml") {
      throw usageFailure(`output_format ${value} is none of table, json, yaml.`);
    }
    return { ...config, preferences: { ...config.preferences, output_format: value } };
  }
  if (key === "timeout") {
    const timeout = Number(value);
    if (!/^[1-9]\d{0,3}$/.test(value) || timeout > 3600) throw usageFailure("timeout is 1 to 3600 seconds.");
    return { ...config, preferences: { ...config.preferences, timeout } };
  }
  if (key === "cache_ttl") {
    const cache_ttl = Number(value);
    if (!/^\d{1,6}$/.test(value) || cache_ttl > 604_800) throw usageFailure("cache_ttl is 0 to 604800 seconds.");
    return { ...config, preferences: { ...config.preferences, cache_ttl } };
  }
  if (key === "color") {
    if (value !== "auto" && value !== "never") throw usageFailure(`color ${value} is none of auto, never.`);
    return { ...config, preferences: { ...config.preferences, color: value } };
  }
  const dot = key.lastIndexOf(".");
  const field = key.slice(dot + 1);
  const clusterId = dot < 0 ? config.current_cluster : pickCluster(config, key.slice(0, dot));
  const cluster = clusterId === undefined ? undefined : config.clusters[clusterId];
  if (field !== "name" && field !== "default_peer")
    throw usageFailure(`there is no key ${key}.`, "--help lists the keys.");
  if (clusterId === undefined || cluster === undefined) {
    throw configFailure("no cluster is current.", "Choose one with arctic config use, or write CLUSTER.KEY.");
  }
  const changed =
    field === "name" ? { ...cluster, name: value } : { ...cluster, default_peer: peerIdIn(cluster, value) };
  return { ...config, clusters: { ...config.clusters, [clusterId]: changed } };
}

function peerIdIn(cluster: KnownCluster, text: string): string {
  const found = cluster.peers.find((peer) => peer.peer_id === text || peer.name === text);
  if (found !== undefined) return found.peer_id;
  throw usageFailure(
    `${cluster.cluster_id} has no configured peer "${text}".`,
    `Candidates: ${cluster.peers.map((peer) => peer.name).join(", ")}`,
  );
}
