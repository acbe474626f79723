import { parseArgs } from "node:util";
import { parseAddress, parseCidr } from "./cidr.ts";
import type { ExitPolicy } from "./exit-policy.ts";

/** Every setting of `arctic-dataplane`: flag, then environment, then default. `--help` prints this table. */
export const SETTINGS = [
  {
    flag: "state-dir",
    env: "ARCTIC_DATAPLANE_STATE_DIR",
    fallback: "/var/lib/arctic/dataplane",
    help: "keys, the last plan, what stood in sysctls (0700)",
  },
  {
    flag: "control-socket",
    env: "ARCTIC_DATAPLANE_SOCKET",
    fallback: "/run/arctic/dataplane.sock",
    help: "unix socket that the agent speaks to (0600, or 0660 with a group)",
  },
  {
    flag: "control-group",
    env: "ARCTIC_DATAPLANE_GROUP",
    fallback: "",
    help: "group, by name or number, whose members may use the control socket",
  },
  {
    flag: "tunnel-interface",
    env: "ARCTIC_TUNNEL_INTERFACE",
    fallback: "tempest0",
    help: "name of the WireGuard interface",
  },
  { flag: "tunnel-port", env: "ARCTIC_TUNNEL_PORT", fallback: "51840", help: "UDP port of the tunnel" },
  { flag: "pegasus-port", env: "ARCTIC_PEGASUS_PORT", fallback: "61000", help: "TCP port of the links between hosts" },
  { flag: "capture-port", env: "ARCTIC_CAPTURE_PORT", fallback: "61001", help: "loopback TCP port for captured flows" },
  { flag: "workers", env: "ARCTIC_PEGASUS_WORKERS", fallback: "1", help: "Pegasus worker processes" },
  {
    flag: "exit-allow-host",
    env: "ARCTIC_EXIT_ALLOW_HOST",
    fallback: "",
    help: "addresses of this host that exits may reach: CIDR[@PROTOCOL[@PORT]], by comma",
  },
  {
    flag: "exit-allow",
    env: "ARCTIC_EXIT_ALLOW",
    fallback: "",
    help: "the only destinations that exits let out to: CIDRs by comma",
  },
  {
    flag: "exit-sources",
    env: "ARCTIC_EXIT_SOURCES",
    fallback: "",
    help: "the only sources that exits let out: CIDRs by comma",
  },
  {
    flag: "reconcile-interval",
    env: "ARCTIC_RECONCILE_INTERVAL_SECONDS",
    fallback: "30",
    help: "seconds between looks at the kernel",
  },
  {
    flag: "agent-silence-limit",
    env: "ARCTIC_AGENT_SILENCE_LIMIT_HOURS",
    fallback: "72",
    help: "hours without the agent until the plan refuses",
  },
  {
    flag: "tunnel-key-lifetime",
    env: "ARCTIC_TUNNEL_KEY_LIFETIME_DAYS",
    fallback: "30",
    help: "days until the tunnel changes its key; 0: only when asked",
  },
  {
    flag: "tunnel-key-overlap",
    env: "ARCTIC_TUNNEL_KEY_OVERLAP_SECONDS",
    fallback: "300",
    help: "seconds from announcing a next key to taking it",
  },
  { flag: "log-format", env: "LOG_FORMAT", fallback: "json", help: "json or text" },
  { flag: "log-level", env: "LOG_LEVEL", fallback: "info", help: "debug, info, warn or error" },
] as const;

const SWITCHES = [
  {
    flag: "remove-on-stop",
    env: "ARCTIC_REMOVE_ON_STOP",
    help: "on SIGTERM remove everything of ours instead of leaving what refuses",
  },
  { flag: "cleanup", env: undefined, help: "remove everything of ours from this host, then exit" },
  { flag: "help", env: undefined, help: "print this" },
] as const;

export interface Config {
  readonly stateDir: string;
  readonly controlSocket: string;
  /** Name or number; undefined where only the owner may use the socket. */
  readonly controlGroup: string | undefined;
  readonly tunnelInterface: string;
  readonly tunnelPort: number;
  readonly pegasusPort: number;
  readonly capturePort: number;
  readonly workers: number;
  readonly exitPolicy: ExitPolicy;
  readonly reconcileEveryMs: number;
  readonly agentSilenceLimitMs: number;
  /** Undefined: the key is changed only when asked. */
  readonly tunnelKeyLifetimeMs: number | undefined;
  readonly tunnelKeyOverlapMs: number;
  readonly logFormat: "json" | "text";
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly action: "run" | "check" | "rotate-tunnel-key" | "cleanup" | "help";
  readonly removeOnStop: boolean;
}

/** Throws with the flag's name and what it takes. */
export function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const given = flagsFrom(argv);
  const text = (name: (typeof SETTINGS)[number]["flag"]): string => {
    const setting = SETTINGS.find(({ flag }) => flag === name);
    const value = given.texts.get(name);
    return value ?? (setting === undefined ? undefined : env[setting.env]) ?? setting?.fallback ?? "";
  };
  return {
    stateDir: text("state-dir"),
    controlSocket: text("control-socket"),
    controlGroup: text("control-group") || undefined,
    tunnelInterface: linkName(text("tunnel-interface")),
    tunnelPort: whole("tunnel-port", text("tunnel-port"), 1, 65_535),
    pegasusPort: whole("pegasus-port", text("pegasus-port"), 1, 65_535),
    capturePort: whole("capture-port", text("capture-port"), 1, 65_535),
    workers: whole("workers", text("workers"), 1, 64),
    exitPolicy: {
      allowHost: list(text("exit-allow-host")).map(hostAllowance),
      allow: list(text("exit-allow")).map((cidr) => network("exit-allow", cidr)),
      sources: list(text("exit-sources")).map((cidr) => network("exit-sources", cidr)),
    },
    reconcileEveryMs: whole("reconcile-interval", text("reconcile-interval"), 1, 3_600) * 1_000,
    agentSilenceLimitMs: whole("agent-silence-limit", text("agent-silence-limit"), 1, 8_760) * 3_600_000,
    tunnelKeyLifetimeMs: whole("tunnel-key-lifetime", text("tunnel-key-lifetime"), 0, 3_650) * 86_400_000 || undefined,
    tunnelKeyOverlapMs: whole("tunnel-key-overlap", text("tunnel-key-overlap"), 1, 86_400) * 1_000,
    logFormat: oneOf("log-format", text("log-format"), ["json", "text"]),
    logLevel: oneOf("log-level", text("log-level"), ["debug", "info", "warn", "error"]),
    action: actionFrom(given),
    removeOnStop: given.switches.has("remove-on-stop") || env.ARCTIC_REMOVE_ON_STOP === "1",
  };
}

export function helpText(): string {
  const rows = [
    ...SETTINGS.map(({ flag, env, fallback, help }) => [`--${flag} VALUE`, env, fallback, help]),
    ...SWITCHES.map(({ flag, env, help }) => [`--${flag}`, env === undefined ? "" : `${env}=1`, "", help]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [
    "arctic-dataplane: programs this host's kernel from the agent's plan and carries its traffic. Needs root.",
    "arctic-dataplane check: says what on this host stands in the way of its services, and what to change. Exit code 1 if anything does.",
    "arctic-dataplane rotate-tunnel-key: has the running data plane announce its tunnel's next key, which it takes after the overlap.",
    "",
    ...lines,
    "",
  ].join("\n");
}

interface Given {
  readonly verb: string | undefined;
  readonly texts: ReadonlyMap<string, string>;
  readonly switches: ReadonlySet<string>;
}

function actionFrom({ verb, switches }: Given): Config["action"] {
  if (switches.has("help")) return "help";
  if (verb === undefined) return switches.has("cleanup") ? "cleanup" : "run";
  if (verb === "check" || verb === "rotate-tunnel-key") return verb;
  throw new Error(`arctic-dataplane has no verb ${verb}: use check, rotate-tunnel-key, or none to run`);
}

function flagsFrom(argv: readonly string[]): Given {
  const { values, positionals } = parseArgs({
    args: [...argv],
    strict: true,
    allowPositionals: true,
    options: Object.fromEntries<{ type: "string" | "boolean" }>([
      ...SETTINGS.map(({ flag }) => [flag, { type: "string" }] as const),
      ...SWITCHES.map(({ flag }) => [flag, { type: "boolean" }] as const),
    ]),
  });
  const texts = new Map<string, string>();
  const switches = new Set<string>();
  for (const [flag, value] of Object.entries(values)) {
    if (typeof value === "string") texts.set(flag, value);
    else if (value === true) switches.add(flag);
  }
  return { verb: positionals.length > 1 ? positionals.join(" ") : positionals[0], texts, switches };
}

const list = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

function network(flag: string, text: string): string {
  if (parseCidr(text) === undefined) throw new Error(`--${flag}: ${text} is no canonical network such as 10.0.0.0/8`);
  return text;
}

function hostAllowance(text: string): ExitPolicy["allowHost"][number] {
  const [cidr = "", protocol, portText] = text.split("@");
  if (protocol !== undefined && !/^(tcp|udp|icmp|ipv6-icmp|[0-9]{1,3})$/.test(protocol)) {
    throw new Error(`--exit-allow-host: ${protocol} is no protocol; use tcp, udp, icmp, ipv6-icmp or a number`);
  }
  return {
    cidr:
      parseAddress(cidr) === undefined ? network("exit-allow-host", cidr) : `${cidr}/${cidr.includes(":") ? 128 : 32}`,
    ...(protocol === undefined ? {} : { protocol }),
    ...(portText === undefined ? {} : { port: whole("exit-allow-host", portText, 1, 65_535) }),
  };
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`--${flag}: ${text} is no whole number from ${least} to ${most}`);
}

function linkName(text: string): string {
  if (/^[a-zA-Z][a-zA-Z0-9_-]{0,14}$/.test(text)) return text;
  throw new Error(`--tunnel-interface: ${text} is no name of a link; use up to 15 letters, digits, - and _`);
}

function oneOf<const T extends string>(flag: string, text: string, values: readonly T[]): T {
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  throw new Error(`--${flag}: ${text} is none of ${values.join(", ")}`);
}
