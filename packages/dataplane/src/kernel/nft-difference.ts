import { NFT_TABLE } from "./names.ts";
import type { TableParts } from "./nft.ts";
import type { Chain } from "./nft-chains.ts";
import { elementsText, type NftElement, type NftSet, setText } from "./nft-maps.ts";

/**
 * One transaction for `nft -f -` that leads from one table to another and touches only what differs: a service among a
 * thousand costs its own elements. Empty when nothing differs. Right only while the kernel holds exactly `before`.
 */
export function nftDifference(before: TableParts, after: TableParts): string {
  const sets = differenceOf(before.sets, after.sets, ({ kind, name, type }) => `${kind} ${name} ${type}`);
  const chains = differenceOf(before.chains, after.chains, ({ name }) => name);
  const rewritten = chains.kept.filter(({ was, is }) => was.rules.join("\n") !== is.rules.join("\n"));
  const elements = sets.kept
    .filter(({ was, is }) => !hasSameElements(was, is))
    .map(({ was, is }) => elementChanges(was, is));
  return [
    ...chains.gone.map(({ name }) => `flush chain inet ${NFT_TABLE} ${name}`),
    ...rewritten.map(({ is }) => `flush chain inet ${NFT_TABLE} ${is.name}`),
    // What nothing refers to any more goes before what may bear its name.
    ...chains.gone.map(({ name }) => `delete chain inet ${NFT_TABLE} ${name}`),
    ...sets.gone.map(({ kind, name }) => `delete ${kind} inet ${NFT_TABLE} ${name}`),
    ...elements.flatMap(({ removed }) => removed),
    ...sets.added.map((set) => `add ${setText(set).replace(" ", ` inet ${NFT_TABLE} `)}`),
    ...elements.flatMap(({ added }) => added),
    // All chains are there before the first rule that jumps to one.
    ...chains.added.map(({ name }) => `add chain inet ${NFT_TABLE} ${name}`),
    ...rewritten.flatMap(({ is }) => chainRules(is)),
    ...chains.added.flatMap(chainRules),
  ].join("\n");
}

interface Difference<T> {
  readonly gone: readonly T[];
  readonly added: readonly T[];
  readonly kept: readonly { readonly was: T; readonly is: T }[];
}

function differenceOf<T>(before: readonly T[], after: readonly T[], keyOf: (item: T) => string): Difference<T> {
  const wasByKey = new Map(before.map((item) => [keyOf(item), item]));
  const keys = new Set(after.map(keyOf));
  return {
    gone: before.filter((item) => !keys.has(keyOf(item))),
    added: after.filter((item) => !wasByKey.has(keyOf(item))),
    kept: after.flatMap((is) => {
      const was = wasByKey.get(keyOf(is));
      return was === undefined ? [] : [{ was, is }];
    }),
  };
}

/** Of most sets of a thousand elements nothing has changed, and they stand in the same order. */
function hasSameElements(was: NftSet, is: NftSet): boolean {
  return (
    was.elements.length === is.elements.length &&
    was.elements.every(({ key, value }, at) => key === is.elements[at]?.key && value === is.elements[at]?.value)
  );
}

function elementChanges(was: NftSet, is: NftSet): { removed: string[]; added: string[] } {
  const valueByKey = new Map(was.elements.map(({ key, value }) => [key, value ?? ""]));
  const added: NftElement[] = [];
  for (const element of is.elements) {
    if (valueByKey.get(element.key) === (element.value ?? "")) valueByKey.delete(element.key);
    else added.push(element);
  }
  const gone = [...valueByKey.keys()].map((key) => ({ key }));
  const line = (verb: string, elements: readonly NftElement[]): string[] =>
    elements.length === 0 ? [] : [`${verb} element inet ${NFT_TABLE} ${is.name} { ${elementsText(elements)} }`];
  return { removed: line("delete", gone), added: line("add", added) };
}

/** A chain of the table with a hook says so in its first rule, which is set when it is made and never changes. */
function chainRules({ name, rules }: Chain): string[] {
  return rules.filter((rule) => !rule.startsWith("type ")).map((rule) => `add rule inet ${NFT_TABLE} ${name} ${rule}`);
}
