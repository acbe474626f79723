import { Document, isCollection, isMap, isScalar, isSeq } from "yaml";
import type { ComposeValue } from "./export.ts";
import { parseComposeDocument } from "./read.ts";

/** The file in its one layout: fields in the documented order, two spaces, comments kept, values as they were. */
export function formatCompose(text: string, path: string): string {
  const { document } = parseComposeDocument(text, path);
  return canonicalText(document);
}

export function composeText(value: ComposeValue): string {
  return canonicalText(new Document(value));
}

const FIELD_ORDER = [
  "version",
  "name",
  "license",
  "server",
  "peer",
  "fallback_peer",
  "features",
  "peers",
  "services",
  "address",
  "api_access",
  "source_peer",
  "target_peer",
  "transport_type",
  "fully_transparent",
  "interface",
  "enabled",
  "ipv4",
  "ipv6",
  "qos",
  "bandwidth_limit_mbps",
  "routes",
  "priority",
  "source_cidr",
  "dest_cidr",
];

function canonicalText(document: Document): string {
  sortFields(document.contents);
  if (isMap(document.contents)) {
    document.contents.items.forEach((pair, index) => {
      // One empty line before each list; others stay where they are.
      if (isCollection(pair.value) && index > 0 && isScalar(pair.key)) pair.key.spaceBefore = true;
    });
  }
  return document.toString({ indent: 2, lineWidth: 0, flowCollectionPadding: true });
}

function sortFields(node: unknown): void {
  if (isSeq(node)) for (const item of node.items) sortFields(item);
  if (!isMap(node)) return;
  const place = (pair: { key: unknown }) => {
    const at = isScalar(pair.key) ? FIELD_ORDER.indexOf(String(pair.key.value)) : -1;
    return at < 0 ? FIELD_ORDER.length : at;
  };
  node.items.sort((a, b) => place(a) - place(b));
  for (const pair of node.items) sortFields(pair.value);
}
