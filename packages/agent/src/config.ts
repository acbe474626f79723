import type { LogLevel } from "./log.ts";
import { parseHostPort } from "./transport/address.ts";

/** How an agent is set up. */
export interface AgentConfig {
  /** 0 takes any free port. */
  readonly apiPort: number;
  /** The address to listen on; all of the host where absent. */
  readonly apiHost: string | undefined;
  readonly stateDir: string;
  readonly licenseRootsPath: string | undefined;
  readonly dataplaneSocket: string;
  /** `host:port` to announce; empty: the addresses of the host's own interfaces. */
  readonly advertise: readonly string[];
  readonly heartbeatEveryMs: number;
  readonly logFormat: "json" | "text";
  readonly logLevel: LogLevel;
  /** Dial peers on loopback, for several agents on one host. */
  readonly allowLoopbackPeers: boolean;
  /** Answer plain HTTP from other hosts too. */
  readonly plainHttp: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Setting {
  readonly name: string;
  readonly fallback: string;
  readonly text: string;
}

/** Every setting of `arctic-agent`, as `--help` prints it. An empty fallback means "not set". */
export const SETTINGS: readonly Setting[] = [
  { name: "API_PORT", fallback: "8080", text: "port of API and gossip; 0 takes any free one" },
  { name: "API_HOST", fallback: "", text: "address to listen on; all where empty" },
  { name: "ARCTIC_STATE_DIR", fallback: "/var/lib/arctic/agent", text: "directory of key, database and certificate" },
  { name: "ARCTIC_LICENSE_ROOTS", fallback: "", text: "JSON file with the roots that may sign licenses" },
  {
    name: "ARCTIC_DATAPLANE_SOCKET",
    fallback: "/run/arctic/dataplane.sock",
    text: "control socket of arctic-dataplane",
  },
  { name: "ARCTIC_ADVERTISE", fallback: "", text: "host:port,… to announce; the interfaces' addresses where empty" },
  { name: "CLUSTER_HEARTBEAT_INTERVAL_SECONDS", fallback: "60", text: "seconds between heartbeats, 1 to 3600" },
  { name: "LOG_FORMAT", fallback: "json", text: "json or text" },
  { name: "LOG_LEVEL", fallback: "info", text: "debug, info, warn or error" },
  {
    name: "ALLOW_LOOPBACK_PEERS",
    fallback: "false",
    text: "true: dial peers on loopback (several agents on one host)",
  },
  { name: "API_PLAIN_HTTP", fallback: "false", text: "true: answer plain HTTP from other hosts too" },
];

export type ConfigResult =
  | { readonly ok: true; readonly config: AgentConfig }
  /** One line a wrong value, each naming its variable. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads the settings; a value that cannot be meant is refused, never bent. */
export function configFromEnvironment(environment: Environment = process.env): ConfigResult {
  const problems: string[] = [];
  const read = <T>(name: string, parse: (text: string) => T | undefined, expected: string): T | undefined => {
    const text = textOf(environment, name);
    const value = parse(text);
    if (value === undefined) problems.push(`${name}=${text} is not ${expected}`);
    return value;
  };
  const config = {
    apiPort: read("API_PORT", (text) => integer(text, 0, 65535), "a port, 0 to 65535"),
    apiHost: textOf(environment, "API_HOST") || undefined,
    stateDir: read("ARCTIC_STATE_DIR", absolutePath, "an absolute path"),
    licenseRootsPath: textOf(environment, "ARCTIC_LICENSE_ROOTS") || undefined,
    dataplaneSocket: read("ARCTIC_DATAPLANE_SOCKET", absolutePath, "an absolute path"),
    advertise: read("ARCTIC_ADVERTISE", addressList, "a list of host:port, separated by commas"),
    heartbeatEveryMs: read("CLUSTER_HEARTBEAT_INTERVAL_SECONDS", seconds, "a number of seconds, 1 to 3600"),
    logFormat: read("LOG_FORMAT", oneOf("json", "text"), "json or text"),
    logLevel: read("LOG_LEVEL", oneOf("debug", "info", "warn", "error"), "debug, info, warn or error"),
    allowLoopbackPeers: read("ALLOW_LOOPBACK_PEERS", flag, "true or false"),
    plainHttp: read("API_PLAIN_HTTP", flag, "true or false"),
  };
  // Without a problem every field that `read` gave is defined.
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: config as AgentConfig };
}

function textOf(environment: Environment, name: string): string {
  const text = environment[name];
  if (text !== undefined && text !== "") return text;
  return SETTINGS.find((setting) => setting.name === name)?.fallback ?? "";
}

function integer(text: string, min: number, max: number): number | undefined {
  if (!/^(0|[1-9]\d{0,8})$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

function seconds(text: string): number | undefined {
  const value = integer(text, 1, 3600);
  return value === undefined ? undefined : value * 1000;
}

function absolutePath(text: string): string | undefined {
  return text.startsWith("/") ? text : undefined;
}

function addressList(text: string): string[] | undefined {
  const addresses = text.split(",").filter((part) => part !== "");
  return addresses.length <= 16 && addresses.every((part) => parseHostPort(part) !== undefined) ? addresses : undefined;
}

function flag(text: string): boolean | undefined {
  return text === "true" ? true : text === "false" ? false : undefined;
}

function oneOf<const T extends string>(...allowed: readonly T[]): (text: string) => T | undefined {
  return (text) => allowed.find((value) => value === text);
}
