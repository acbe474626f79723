import * as z from "zod";

/** Another's nftables tables, as `nft -j list table` prints them, cut down to what decides about a packet. */

export interface ForeignChain {
  /** What lists it and changes it. */
  readonly tool: "nft" | "iptables-legacy";
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Of a base chain. */
  readonly hook: string | undefined;
  readonly dropsByPolicy: boolean;
  /** Each a list of nft's JSON expressions. */
  readonly rules: readonly (readonly Readonly<Record<string, unknown>>[])[];
}

const listingSchema = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) });
const chainSchema = z.looseObject({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  type: z.string().optional(),
  hook: z.string().optional(),
  policy: z.string().optional(),
});
const ruleSchema = z.looseObject({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  expr: z.array(z.record(z.string(), z.unknown())),
});
const tableSchema = z.looseObject({ family: z.string(), name: z.string() });

/** The chains of one listing. Only filters have the hook set: a chain that translates addresses drops nothing. */
export function chainsFrom(json: string): ForeignChain[] {
  const { nftables } = listingSchema.parse(JSON.parse(json));
  const rules = nftables.flatMap((entry) => ("rule" in entry ? [ruleSchema.parse(entry.rule)] : []));
  return nftables.flatMap((entry): ForeignChain[] => {
    if (!("chain" in entry)) return [];
    const { family, table, name, type, hook, policy } = chainSchema.parse(entry.chain);
    return [
      {
        tool: "nft",
        family,
        table,
        name,
        hook: type === "filter" ? hook : undefined,
        dropsByPolicy: policy === "drop",
        rules: rules
          .filter((rule) => rule.family === family && rule.table === table && rule.chain === name)
          .map(({ expr }) => expr),
      },
    ];
  });
}

/** The tables that `nft -j list tables` names. */
export function tablesFrom(json: string): { family: string; name: string }[] {
  const { nftables } = listingSchema.parse(JSON.parse(json));
  return nftables.flatMap((entry) => ("table" in entry ? [tableSchema.parse(entry.table)] : []));
}
