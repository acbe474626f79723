import { join } from "node:path";
import type { Arctic } from "./cluster.ts";
import type { Run } from "./run.ts";

/** Makes a root limited to one customer and a license of it, as a vendor would; says what it allows. */
export async function makeLicense(run: Run, arctic: Arctic): Promise<string> {
  const key = join(run.directory, "root.key");
  const roots = join(run.directory, "roots.json");
  const license = join(run.directory, "license.json");
  await arctic.text("license", "keygen", "--out", key, "--roots", roots);
  const limits = ["--max-nodes", "3", "--max-services", "10", "--expires", "60d"];
  await arctic.text("license", "issue", "--key", key, ...limits, "--out", license);
  return "3 nodes, 10 services, 60 days";
}
