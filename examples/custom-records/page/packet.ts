import { bytesFromBase64url, complaintOfVoucher, isId, isJsonObject, type PeerId, type Voucher } from "@arctic/core";

/** A page that says that it is here. Nothing in it is proven: it is a door sign. */
export interface Card {
  readonly address: string;
  readonly name: string;
  readonly peer_id: PeerId;
  /** Ed25519, 32 bytes, base64url. */
  readonly public_key: string;
}

/** What travels on the channel. Everybody hears everything; `to` is the address of the page that it is for. */
export type Packet =
  | { readonly type: "present"; readonly card: Card; readonly asks: boolean }
  | { readonly type: "absent"; readonly peer_id: string }
  | {
      readonly type: "open";
      readonly to: string;
      readonly link: string;
      readonly from: string;
      readonly half: string;
      readonly voucher?: Voucher;
    }
  | { readonly type: "accept"; readonly to: string; readonly link: string; readonly half: string }
  | { readonly type: "frame"; readonly to: string; readonly link: string; readonly text: string }
  | { readonly type: "close"; readonly to: string; readonly link: string };

/** The packet in what came, or `undefined`: any script of this origin may send anything. */
export function packetFrom(data: unknown): Packet | undefined {
  if (!isJsonObject(data)) return undefined;
  const { type, to, link, from, half, text, peer_id } = data;
  if (type === "present") {
    const card = cardFrom(data.card);
    return card === undefined ? undefined : { type, card, asks: data.asks === true };
  }
  if (type === "absent") return typeof peer_id === "string" ? { type, peer_id } : undefined;
  if (typeof to !== "string" || typeof link !== "string") return undefined;
  switch (type) {
    case "open": {
      if (typeof from !== "string" || !isHalf(half)) return undefined;
      const isVouched = complaintOfVoucher(data.voucher) === undefined;
      return { type, to, link, from, half, ...(isVouched ? { voucher: data.voucher as unknown as Voucher } : {}) };
    }
    case "accept":
      return isHalf(half) ? { type, to, link, half } : undefined;
    case "frame":
      return typeof text === "string" ? { type, to, link, text } : undefined;
    case "close":
      return { type, to, link };
    default:
      return undefined;
  }
}

/** Half of a link's binding: 16 random bytes of each side, base64url. */
export const HALF_BYTES = 16;

function isHalf(value: unknown): value is string {
  return typeof value === "string" && bytesFromBase64url(value)?.length === HALF_BYTES;
}

function cardFrom(value: unknown): Card | undefined {
  if (!isJsonObject(value)) return undefined;
  const { address, name, peer_id, public_key } = value;
  if (typeof address !== "string" || typeof name !== "string" || name.length > 64) return undefined;
  if (!isId("peer", peer_id) || typeof public_key !== "string") return undefined;
  return bytesFromBase64url(public_key)?.length === 32 ? { address, name, peer_id, public_key } : undefined;
}
