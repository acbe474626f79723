import type { ForeignChain } from "./foreign-ruleset.ts";

/**
 * Rules of the older `iptables-legacy`, which nft does not list, as `iptables-legacy-save` prints them; put in nft's
 * words, so that one judge reads both. What is not known here may or may not hold.
 */

type Expression = Readonly<Record<string, unknown>>;

const HOOKS: ReadonlyMap<string, string> = new Map([
  ["INPUT", "input"],
  ["FORWARD", "forward"],
]);

/** The chains of the table `filter`. */
export function chainsFromSave(text: string, family: "ip" | "ip6"): ForeignChain[] {
  const policies = new Map<string, string>();
  const rulesByChain = new Map<string, Expression[][]>();
  let isFilter = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) isFilter = line === "*filter";
    if (!isFilter) continue;
    const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (chain !== undefined) policies.set(chain, policy ?? "-");
    const [, name, rest] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const rules = rulesByChain.get(name) ?? [];
    rules.push(expressionsFrom(rest ?? ""));
    rulesByChain.set(name, rules);
  }
  return [...policies].map(([name, policy]) => ({
    tool: "iptables-legacy",
    family,
    table: "filter",
    name,
    hook: HOOKS.get(name),
    dropsByPolicy: policy === "DROP",
    rules: rulesByChain.get(name) ?? [],
  }));
}

/** Words of one rule; what is quoted is one word. */
function expressionsFrom(rule: string): Expression[] {
  const words = rule.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
  const expressions: Expression[] = [];
  // The protocol stands before the ports.
  let protocol = "";
  for (let at = 0; at < words.length; ) {
    const isNegated = words[at] === "!";
    if (isNegated) at += 1;
    const option = words[at] ?? "";
    const value = words[at + 1] ?? "";
    if (option === "-p") protocol = value;
    expressions.push(...expressionOf(option, value, isNegated ? "!=" : "==", protocol));
    at += 2;
    // An option that is not known may have more values.
    while (at < words.length && words[at] !== "!" && !(words[at] ?? "").startsWith("-")) at += 1;
  }
  return expressions;
}

function expressionOf(option: string, value: string, op: "==" | "!=", protocol: string): Expression[] {
  const match = (left: unknown, right: unknown): Expression[] => [{ match: { op, left, right } }];
  switch (option) {
    case "-i":
      return match({ meta: { key: "iifname" } }, linkPattern(value));
    case "-o":
      return match({ meta: { key: "oifname" } }, linkPattern(value));
    case "-p":
      return match({ meta: { key: "l4proto" } }, value);
    case "--dport":
    case "--dports":
      return match({ payload: { protocol, field: "dport" } }, portsFrom(value));
    case "--mark":
      return match(...markMatch(value));
    case "--ctstate":
    case "--state":
      return match({ ct: { key: "state" } }, value.toLowerCase().split(","));
    case "-m":
      // Loads what the options behind it ask.
      return [];
    case "-j":
      return verdictOf(value);
    case "-g":
      return [{ goto: { target: value } }];
  }
  // The options of a verdict decide nothing.
  return /^--(reject-with|log-|comment)/.test(option) ? [] : [{ unknown: option }];
}

function verdictOf(target: string): Expression[] {
  switch (target) {
    case "ACCEPT":
      return [{ accept: null }];
    case "DROP":
      return [{ drop: null }];
    case "REJECT":
      return [{ reject: null }];
    case "RETURN":
      return [{ return: null }];
    case "NFQUEUE":
      return [{ queue: null }];
    case "LOG":
    case "NFLOG":
      return [{ log: null }];
  }
  return [{ jump: { target } }];
}

const linkPattern = (value: string): string => value.replace(/\+$/, "*");

function portsFrom(value: string): unknown[] {
  return value.split(",").map((part) => {
    const [low = "", high] = part.split(":");
    return high === undefined ? Number(low) : { range: [Number(low), Number(high)] };
  });
}

function markMatch(value: string): [unknown, number] {
  const [mark = "", mask] = value.split("/");
  const left = { meta: { key: "mark" } };
  return [mask === undefined ? left : { "&": [left, Number(mask)] }, Number(mark)];
}
