import { readFileSync, statSync } from "node:fs";
import { complaintOfLicenseRoot, type LicenseRoot, parseJson } from "@arctic/core";

/**
 * The roots under which licenses verify: a JSON array of `{key_id, public_key, customer_id?}`, written by the host's
 * owner. Throws an Error that names the file and what to do. Empty where no path is configured.
 */
export function loadLicenseRoots(path: string | undefined): readonly LicenseRoot[] {
  if (path === undefined) return [];
  checkOwner(path);
  let value: unknown;
  try {
    value = parseJson(readFileSync(path));
  } catch (error) {
    throw new Error(`${path} is not JSON: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  if (!Array.isArray(value) || value.length === 0) throw new Error(`${path} is not a list of license roots`);
  for (const [index, root] of value.entries()) {
    const complaint = complaintOfLicenseRoot(root);
    if (complaint !== undefined) throw new Error(`${path} is not a list of license roots: ${index}: ${complaint}`);
  }
  return value;
}

/** Who can write this file decides who may join: nobody but root and the agent's own user. */
function checkOwner(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new Error(`ARCTIC_LICENSE_ROOTS: there is no file at ${path}`);
  if (found.uid !== 0 && found.uid !== process.getuid?.())
    throw new Error(`${path} must belong to root or to the agent's user`);
  if ((found.mode & 0o002) !== 0) throw new Error(`${path} can be written by everybody: run chmod 644 ${path}`);
}
