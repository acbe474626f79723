/** DHCP as a client speaks it (RFC 2131), inside IPv4 and UDP whose headers it makes itself: it has no address yet. */

export interface DhcpQuestion {
  readonly type: "discover" | "request";
  readonly transaction: number;
  /** Six bytes. */
  readonly mac: Uint8Array;
  /** What is asked for; all zero for none. */
  readonly address?: string;
  /** Whose offer is taken; absent when an address is asked for again. */
  readonly server?: string;
}

export interface DhcpAnswer {
  readonly type: "offer" | "ack" | "nak";
  readonly transaction: number;
  readonly mac: Uint8Array;
  readonly address: string;
  readonly prefixLength: number;
  readonly server: string | undefined;
  readonly leaseSeconds: number;
}

const CLIENT_PORT = 68;
const SERVER_PORT = 67;
const IP_BYTES = 20;
const UDP_BYTES = 8;
/** Up to the options: fields, names, magic number. */
const FIXED_BYTES = 240;
/** What every server takes. */
const LEAST_BYTES = 300;
const MAGIC = 0x63825363;
const BROADCAST_FLAG = 0x8000;
const OPTION = { mask: 1, address: 50, lease: 51, type: 53, server: 54, wanted: 55, clientId: 61, end: 255 } as const;
const TYPES = { discover: 1, offer: 2, request: 3, ack: 5, nak: 6 } as const;
const DEFAULT_LEASE_SECONDS = 3600;

/** A whole IPv4 packet to everybody on the link. */
export function encodeQuestion(question: DhcpQuestion): Buffer {
  const body = Buffer.alloc(FIXED_BYTES);
  body.writeUInt8(1, 0);
  body.writeUInt8(1, 1);
  body.writeUInt8(6, 2);
  body.writeUInt32BE(question.transaction, 4);
  // An answer to one address would be taken for the service's traffic.
  body.writeUInt16BE(BROADCAST_FLAG, 10);
  body.set(question.mac, 28);
  body.writeUInt32BE(MAGIC, 236);
  const options = Buffer.concat([
    option(OPTION.type, Buffer.from([TYPES[question.type]])),
    option(OPTION.clientId, Buffer.concat([Buffer.from([1]), question.mac])),
    ...(question.address === undefined ? [] : [option(OPTION.address, addressBytes(question.address))]),
    ...(question.server === undefined ? [] : [option(OPTION.server, addressBytes(question.server))]),
    option(OPTION.wanted, Buffer.from([OPTION.mask, OPTION.lease, OPTION.server])),
    Buffer.from([OPTION.end]),
  ]);
  const message = Buffer.concat([body, options]);
  const padded = Buffer.concat([message, Buffer.alloc(Math.max(0, LEAST_BYTES - message.length))]);
  return Buffer.concat([ipHeader(UDP_BYTES + padded.length), udpHeader(padded.length), padded]);
}

/** Undefined for anything but a whole answer of a DHCP server. */
export function decodeAnswer(packet: Buffer): DhcpAnswer | undefined {
  const body = bodyOf(packet);
  if (body === undefined || body.length < FIXED_BYTES || body[0] !== 2 || body.readUInt32BE(236) !== MAGIC)
    return undefined;
  const options = optionsFrom(body.subarray(FIXED_BYTES));
  const number = options.get(OPTION.type)?.[0];
  const type =
    number === TYPES.offer ? "offer" : number === TYPES.ack ? "ack" : number === TYPES.nak ? "nak" : undefined;
  if (type === undefined) return undefined;
  const [mask, lease, server] = [OPTION.mask, OPTION.lease, OPTION.server].map((code) => fourBytes(options.get(code)));
  return {
    type,
    transaction: body.readUInt32BE(4),
    mac: body.subarray(28, 34),
    address: addressText(body.subarray(16, 20)),
    prefixLength: mask === undefined ? 32 : lengthOf(mask.readUInt32BE(0)),
    server: server === undefined ? undefined : addressText(server),
    leaseSeconds: lease === undefined ? DEFAULT_LEASE_SECONDS : lease.readUInt32BE(0),
  };
}

function bodyOf(packet: Buffer): Buffer | undefined {
  if (packet.length < IP_BYTES + UDP_BYTES || (packet[0] ?? 0) >> 4 !== 4 || packet[9] !== 17) return undefined;
  const start = ((packet[0] ?? 0) & 15) * 4;
  const isWhole = (packet.readUInt16BE(6) & 0x3fff) === 0 && packet.length >= start + UDP_BYTES;
  if (!isWhole || packet.readUInt16BE(start) !== SERVER_PORT || packet.readUInt16BE(start + 2) !== CLIENT_PORT) {
    return undefined;
  }
  return packet.subarray(start + UDP_BYTES, start + packet.readUInt16BE(start + 4));
}

function optionsFrom(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length && bytes[at] !== OPTION.end; ) {
    const code = bytes[at] ?? 0;
    const length = code === 0 ? 0 : (bytes[at + 1] ?? 0);
    if (code !== 0) options.set(code, bytes.subarray(at + 2, at + 2 + length));
    at += code === 0 ? 1 : 2 + length;
  }
  return options;
}

const fourBytes = (value: Buffer | undefined): Buffer | undefined => (value?.length === 4 ? value : undefined);

const option = (code: number, value: Uint8Array): Buffer => Buffer.concat([Buffer.from([code, value.length]), value]);

function ipHeader(length: number): Buffer {
  const header = Buffer.alloc(IP_BYTES);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(IP_BYTES + length, 2);
  header.writeUInt8(64, 8);
  header.writeUInt8(17, 9);
  header.fill(0xff, 16, 20);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

/** Without a checksum, which IPv4 leaves to the sender. */
function udpHeader(length: number): Buffer {
  const header = Buffer.alloc(UDP_BYTES);
  header.writeUInt16BE(CLIENT_PORT, 0);
  header.writeUInt16BE(SERVER_PORT, 2);
  header.writeUInt16BE(UDP_BYTES + length, 4);
  return header;
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const addressBytes = (text: string): Buffer => Buffer.from(text.split(".").map(Number));
const addressText = (bytes: Buffer): string => [...bytes].join(".");

/** Of a mask whose bits are set from the left. */
function lengthOf(mask: number): number {
  let length = 0;
  for (let bit = 31; bit >= 0 && (mask & (1 << bit)) !== 0; bit -= 1) length += 1;
  return length;
}
