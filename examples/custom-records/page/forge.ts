import { type LiveRecord, nextVersion } from "@arctic/core";

/**
 * A frame that puts words into another's mouth: the owner, the key and the signature are the true ones, the text and a
 * higher version are not. The best that anybody can do without the owner's secret key.
 */
export function forgedPush(record: LiveRecord, text: string, now: number): string {
  const forged = { ...record, version: nextVersion(record.version, now), body: { ...record.body, text } };
  return JSON.stringify({ type: "push", records: [forged] });
}
