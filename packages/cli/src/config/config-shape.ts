import type { Config } from "./config.ts";

/** What is wrong in a configuration file, and where. */
export interface ConfigIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type Found = ConfigIssue | undefined;
type Rule = (value: unknown, path: readonly PropertyKey[]) => Found;

/** The value as a configuration, absent parts filled in; or the first thing that is wrong. Written by hand: a schema library would take longer to load than all else that a command does. */
export function configFrom(value: unknown): { config: Config } | { issue: ConfigIssue } {
  const issue = wholeFile(value, []);
  if (issue !== undefined) return { issue };
  const given = value as Partial<Config>;
  return { config: { ...given, clusters: given.clusters ?? {}, preferences: given.preferences ?? {} } };
}

const text: Rule = (value, path) => (typeof value === "string" ? undefined : { path, message: "is not text" });

const form =
  (pattern: RegExp, message: string): Rule =>
  (value, path) =>
    typeof value === "string" && pattern.test(value) ? undefined : { path, message };

const oneOf = (...words: readonly string[]): Rule =>
  form(new RegExp(`^(${words.join("|")})$`), `is none of ${words.join(", ")}`);

const seconds =
  (min: number, max: number): Rule =>
  (value, path) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
      ? undefined
      : { path, message: `is not ${min} to ${max} seconds` };

const listOf =
  (rule: Rule): Rule =>
  (value, path) => {
    if (!Array.isArray(value)) return { path, message: "is not a list" };
    return firstOf(value.entries(), ([index, item]) => rule(item, [...path, index]));
  };

const mapOf =
  (rule: Rule): Rule =>
  (value, path) =>
    isMapping(value)
      ? firstOf(Object.entries(value), ([key, item]) => rule(item, [...path, key]))
      : { path, message: "is not a mapping" };

/** Fields that are not named are kept as they are. */
const fields =
  (required: Readonly<Record<string, Rule>>, optional: Readonly<Record<string, Rule>>): Rule =>
  (value, path) => {
    if (!isMapping(value)) return { path, message: "is not a mapping" };
    return firstOf(Object.entries({ ...required, ...optional }), ([name, rule]) => {
      if (Object.hasOwn(value, name)) return rule(value[name], [...path, name]);
      return Object.hasOwn(required, name) ? { path: [...path, name], message: "is missing" } : undefined;
    });
  };

const id = (prefix: string): Rule => form(new RegExp(`^${prefix}_[0-9A-Z]{26}$`), `is not a ${prefix}_ id`);

const peer = fields(
  {
    peer_id: id("peer"),
    name: text,
    endpoints: listOf(text),
    tls_fingerprint: form(/^[0-9a-f]{64}$/, "is not a SHA-256 in lower-case hex"),
  },
  {},
);

const cluster = fields(
  {
    cluster_id: id("clu"),
    customer_id: id("cust"),
    client_id: id("cli"),
    client_secret: form(/^sec_[A-Za-z0-9_-]{43}$/, "is not a sec_ secret"),
    peers: listOf(peer),
  },
  { name: text, default_peer: text, joining: text },
);

const preferences = fields(
  {},
  {
    output_format: oneOf("table", "json", "yaml"),
    timeout: seconds(1, 3600),
    cache_ttl: seconds(0, 604_800),
    color: oneOf("auto", "never"),
  },
);

const wholeFile = fields({}, { current_cluster: text, clusters: mapOf(cluster), preferences });

function firstOf<T>(items: Iterable<T>, judge: (item: T) => Found): Found {
  for (const item of items) {
    const found = judge(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
