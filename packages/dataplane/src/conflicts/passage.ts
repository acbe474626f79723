import type { ForeignChain } from "./foreign-ruleset.ts";

/** Would another's rules let a packet of ours pass? Read off the rules; what they ask that is not known here may be so. */

export interface Probe {
  readonly family: 4 | 6;
  readonly inLink: string;
  /** Undefined for what is delivered to the host itself. */
  readonly outLink?: string;
  readonly protocol: "tcp" | "udp" | "icmp";
  /** Undefined: any port may be asked for, so a rule for one lets the others wait. */
  readonly port?: number;
  readonly mark: number;
}

type Answer = "yes" | "no" | "unknown";
type Fate = "accepted" | "dropped" | "goes on";
type Expression = Readonly<Record<string, unknown>>;

/** Jumps deeper than this are a circle that nft itself would have refused. */
const DEEPEST = 16;

/** The first base chain of the hook that drops the probe for certain; undefined when it may pass them all. */
export function dropperOf(chains: readonly ForeignChain[], hook: string, probe: Probe): ForeignChain | undefined {
  return chains.find((chain) => {
    if (chain.hook !== hook || !isOfFamily(chain, probe)) return false;
    const fate = fateIn(chain, chains, probe, 0);
    return fate === "dropped" || (fate === "goes on" && chain.dropsByPolicy);
  });
}

function isOfFamily({ family }: ForeignChain, probe: Probe): boolean {
  return family === "inet" || family === (probe.family === 4 ? "ip" : "ip6");
}

function fateIn(chain: ForeignChain, chains: readonly ForeignChain[], probe: Probe, depth: number): Fate {
  for (const rule of chain.rules) {
    const answer = answerOf(rule, probe);
    if (answer === "no") continue;
    for (const expression of rule) {
      if ("accept" in expression || "queue" in expression) return "accepted";
      if (("drop" in expression || "reject" in expression) && answer === "yes") return "dropped";
      if ("return" in expression && answer === "yes") return "goes on";
      const target = targetOf(expression);
      const next = chains.find(
        ({ tool, family, table, name }) =>
          tool === chain.tool && family === chain.family && table === chain.table && name === target,
      );
      if (next === undefined || depth >= DEEPEST) continue;
      const fate = fateIn(next, chains, probe, depth + 1);
      if (fate === "accepted") return "accepted";
      if (fate === "dropped" && answer === "yes") return "dropped";
      if ("goto" in expression && answer === "yes") return "goes on";
    }
  }
  return "goes on";
}

function targetOf(expression: Expression): unknown {
  const jump = expression.jump ?? expression.goto;
  return typeof jump === "object" && jump !== null && "target" in jump ? jump.target : undefined;
}

function answerOf(rule: readonly Expression[], probe: Probe): Answer {
  let answer: Answer = "yes";
  for (const expression of rule) {
    const one = "match" in expression ? matchAnswer(expression.match, probe) : plainAnswer(expression);
    if (one === "no") return "no";
    if (one === "unknown") answer = "unknown";
  }
  return answer;
}

/** What decides nothing itself: verdicts, counters, logs. Anything else may or may not hold. */
const PLAIN = new Set(["accept", "drop", "reject", "return", "jump", "goto", "queue", "counter", "log", "mangle"]);
const plainAnswer = (expression: Expression): Answer =>
  Object.keys(expression).every((key) => PLAIN.has(key)) ? "yes" : "unknown";

function matchAnswer(match: unknown, probe: Probe): Answer {
  if (typeof match !== "object" || match === null || !("left" in match) || !("right" in match)) return "unknown";
  const left = valueIn(match.left, probe);
  if (left === "unknown") return "unknown";
  const isIn = isAmong(left, match.right);
  if (isIn === "unknown") return "unknown";
  const isNegated = "op" in match && match.op === "!=";
  return (isIn === "yes") === isNegated ? "no" : "yes";
}

/** What the probe has where the rule looks. */
function valueIn(left: unknown, probe: Probe): string | number | undefined | "unknown" {
  if (typeof left !== "object" || left === null) return "unknown";
  if ("&" in left && Array.isArray(left["&"])) {
    const [inner, mask] = left["&"] as unknown[];
    const value = valueIn(inner, probe);
    return typeof value === "number" && typeof mask === "number" ? (value & mask) >>> 0 : "unknown";
  }
  if ("meta" in left) return metaOf(keyOf(left.meta), probe);
  if ("ct" in left) return keyOf(left.ct) === "state" ? "new" : keyOf(left.ct) === "status" ? undefined : "unknown";
  if ("payload" in left) return payloadOf(left.payload, probe);
  return "unknown";
}

function metaOf(key: unknown, probe: Probe): string | number | undefined | "unknown" {
  switch (key) {
    case "iifname":
    case "iif":
      return probe.inLink;
    case "oifname":
    case "oif":
      return probe.outLink;
    case "mark":
      return probe.mark;
    case "l4proto":
      return probe.protocol;
    case "nfproto":
      return probe.family === 4 ? "ipv4" : "ipv6";
  }
  return "unknown";
}

function payloadOf(payload: unknown, probe: Probe): string | number | undefined | "unknown" {
  if (typeof payload !== "object" || payload === null || !("protocol" in payload) || !("field" in payload))
    return "unknown";
  if (payload.field === "protocol" || payload.field === "nexthdr") return probe.protocol;
  if (payload.protocol === "tcp" || payload.protocol === "udp") {
    if (payload.protocol !== probe.protocol) return undefined;
    return payload.field === "dport" ? probe.port : "unknown";
  }
  return "unknown";
}

const keyOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "key" in value ? value.key : undefined;

function isAmong(value: string | number | undefined, right: unknown): Answer {
  if (value === undefined) return "no";
  // A named set may hold anything.
  if (typeof right === "string" && right.startsWith("@")) return "unknown";
  if (typeof right === "string" || typeof right === "number") return isEqual(value, right) ? "yes" : "no";
  if (Array.isArray(right)) return anyOf(right.map((one) => isAmong(value, one)));
  if (typeof right !== "object" || right === null) return "unknown";
  if ("set" in right) return Array.isArray(right.set) ? isAmong(value, right.set) : isAmong(value, [right.set]);
  if ("range" in right && Array.isArray(right.range)) {
    const [low, high] = right.range as unknown[];
    if (typeof value !== "number" || typeof low !== "number" || typeof high !== "number") return "unknown";
    return value >= low && value <= high ? "yes" : "no";
  }
  return "unknown";
}

function anyOf(answers: readonly Answer[]): Answer {
  if (answers.includes("yes")) return "yes";
  return answers.includes("unknown") ? "unknown" : "no";
}

/** The name of an interface may end in a star. */
function isEqual(value: string | number, right: string | number): boolean {
  if (typeof right === "string" && right.endsWith("*")) return String(value).startsWith(right.slice(0, -1));
  return String(value) === String(right);
}
