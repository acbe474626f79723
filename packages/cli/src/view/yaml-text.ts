import { stringify } from "yaml";

/** A value as YAML. In a file of its own, since only few commands write YAML and the library takes time to load. */
export function yamlText(value: unknown): string {
  return stringify(value, { lineWidth: 0 }).trimEnd();
}
