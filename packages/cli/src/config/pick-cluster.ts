import { configFailure } from "../failure.ts";
import type { Config } from "./config.ts";

/** The id of the configured cluster with that id or name. */
export function pickCluster(config: Config, text: string): string {
  if (Object.hasOwn(config.clusters, text)) return text;
  const found = Object.entries(config.clusters).filter(([, cluster]) => cluster.name === text);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first[0];
  const candidates = (found.length > 0 ? found : Object.entries(config.clusters)).map(([id, cluster]) =>
    cluster.name === undefined ? id : `${cluster.name} (${id})`,
  );
  throw configFailure(
    found.length > 0
      ? `${found.length} clusters are named "${text}": say which by its id.`
      : `there is no configured cluster "${text}".`,
    candidates.length === 0 ? "No cluster is configured at all." : `Candidates: ${candidates.join(", ")}`,
  );
}
