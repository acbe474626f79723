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

type Field = keyof AgentConfig;

/** One row of the table of settings. */
export interface Setting {
  /** The environment variable. */
  readonly name: string;
  /** What is meant where it is not set; empty: nothing. */
  readonly fallback: string;
  readonly text: string;
  /** How a wrong value is told: "… is not EXPECTED". */
  readonly expected: string;
  /** `reload`: SIGHUP takes a change up. `restart`: it counts from the next start on. */
  readonly taken: "reload" | "restart";
}

interface Row<T> extends Setting {
  /** The value, or `undefined` where the text cannot be meant. */
  readonly parse: (text: string) => T | undefined;
}

/** The one table of settings, by what they set. */
export const ROWS: { readonly [F in Field]: Row<Exclude<AgentConfig[F], undefined> | Absent> } = {
  apiPort: {
    name: "API_PORT",
    fallback: "8080",
    text: "port of API and gossip; 0 takes any free one",
    expected: "a port, 0 to 65535",
    taken: "restart",
    parse: (text) => integer(text, 0, 65535),
  },
  apiHost: {
    name: "API_HOST",
    fallback: "",
    text: "address to listen on; all where empty",
    expected: "an address",
    taken: "restart",
    parse: orAbsent,
  },
  stateDir: {
    name: "ARCTIC_STATE_DIR",
    fallback: "/var/lib/arctic/agent",
    text: "directory of key, database and certificate",
    expected: "an absolute path",
    taken: "restart",
    parse: absolutePath,
  },
  licenseRootsPath: {
    name: "ARCTIC_LICENSE_ROOTS",
    fallback: "",
    text: "JSON file with the roots that may sign licenses",
    expected: "a path",
    taken: "restart",
    parse: orAbsent,
  },
  dataplaneSocket: {
    name: "ARCTIC_DATAPLANE_SOCKET",
    fallback: "/run/arctic/dataplane.sock",
    text: "control socket of arctic-dataplane",
    expected: "an absolute path",
    taken: "restart",
    parse: absolutePath,
  },
  advertise: {
    name: "ARCTIC_ADVERTISE",
    fallback: "",
    text: "host:port,… to announce; the interfaces' addresses where empty",
    expected: "a list of host:port, separated by commas",
    taken: "reload",
    parse: addressList,
  },
  heartbeatEveryMs: {
    name: "CLUSTER_HEARTBEAT_INTERVAL_SECONDS",
    fallback: "60",
    text: "seconds between heartbeats, 1 to 3600",
    expected: "a number of seconds, 1 to 3600",
    taken: "restart",
    parse: seconds,
  },
  logFormat: {
    name: "LOG_FORMAT",
    fallback: "json",
    text: "json or text",
    expected: "json or text",
    taken: "restart",
    parse: oneOf("json", "text"),
  },
  logLevel: {
    name: "LOG_LEVEL",
    fallback: "info",
    text: "debug, info, warn or error",
    expected: "debug, info, warn or error",
    taken: "reload",
    parse: oneOf("debug", "info", "warn", "error"),
  },
  allowLoopbackPeers: {
    name: "ALLOW_LOOPBACK_PEERS",
    fallback: "false",
    text: "true: dial peers on loopback (several agents on one host)",
    expected: "true or false",
    taken: "restart",
    parse: flag,
  },
  plainHttp: {
    name: "API_PLAIN_HTTP",
    fallback: "false",
    text: "true: answer plain HTTP from other hosts too",
    expected: "true or false",
    taken: "restart",
    parse: flag,
  },
};

export const FIELDS = Object.keys(ROWS) as Field[];

/** Every setting of `arctic-agent`: `--help` and docs/agent.md print this table. */
export const SETTINGS: readonly Setting[] = FIELDS.map((field) => ROWS[field]);

/** A setting's key in the configuration file: the variable in lower case, without `ARCTIC_`. */
export function fileKeyOf({ name }: Pick<Setting, "name">): string {
  return name.replace(/^ARCTIC_/, "").toLowerCase();
}

/** The names of the settings that differ and count only from the next start on. */
export function settingsForNextStart(running: AgentConfig, next: AgentConfig): string[] {
  return FIELDS.filter(
    (field) => ROWS[field].taken === "restart" && JSON.stringify(running[field]) !== JSON.stringify(next[field]),
  ).map((field) => ROWS[field].name);
}

/** What a row parses where nothing is set and nothing has to be. */
export const ABSENT = Symbol("absent");
type Absent = typeof ABSENT;

function orAbsent(text: string): string | Absent {
  return text === "" ? ABSENT : text;
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
