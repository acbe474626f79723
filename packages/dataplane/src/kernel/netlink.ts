import { libc, SOCK_CLOEXEC, SOCK_RAW, SOL_SOCKET } from "./libc.ts";

/** One question to the kernel by netlink, and its answers: microseconds, where starting a program takes milliseconds. */

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_DUMP = 0x300;

export interface NetlinkMessage {
  readonly type: number;
  /** What follows the header. */
  readonly body: Buffer;
}

export interface NetlinkAttribute {
  readonly type: number;
  readonly value: Buffer;
}

const HEADER_BYTES = 16;
const NETLINK_GENERIC = 16;
const GENL_ID_CTRL = 16;
const GENERIC_HEADER_BYTES = 4;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const NLA_F_NESTED = 0x8000;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RECEIVE_BYTES = 64 * 1024;
/** A dump is cut off after so many datagrams, so that a kernel which never says DONE holds nobody up. */
const MOST_DATAGRAMS = 1000;

/** Asks on a socket of its own. Undefined when the kernel refuses, or does not answer within a second. */
export function askNetlink(family: number, type: number, flags: number, body: Buffer): NetlinkMessage[] | undefined {
  const fd = openNetlink(family);
  if (fd === undefined) return undefined;
  try {
    return askOn(fd, type, flags, body);
  } finally {
    closeNetlink(fd);
  }
}

/** A socket for several questions; undefined where the kernel gives none. After an undefined answer it is of no use. */
export function openNetlink(family: number): number | undefined {
  const fd = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
  if (fd < 0) return undefined;
  libc().setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, ONE_SECOND, ONE_SECOND.length);
  return fd;
}

export function closeNetlink(fd: number): void {
  libc().close(fd);
}

/** As {@link askNetlink}, on a socket of {@link openNetlink}. */
export function askOn(fd: number, type: number, flags: number, body: Buffer): NetlinkMessage[] | undefined {
  const question = Buffer.alloc(HEADER_BYTES + body.length);
  question.writeUInt32LE(question.length, 0);
  question.writeUInt16LE(type, 4);
  question.writeUInt16LE(flags, 6);
  question.set(body, HEADER_BYTES);
  if (Number(libc().send(fd, question, question.length, 0)) !== question.length) return undefined;
  return receiveAll(fd, (flags & NLM_F_DUMP) === NLM_F_DUMP);
}

/**
 * Asks a family of generic netlink, known by its name; the body is attributes. Undefined where the kernel has no such
 * family, or refuses.
 */
export function askGeneric(family: string, command: number, body: Buffer): NetlinkMessage[] | undefined {
  const name = attribute(CTRL_ATTR_FAMILY_NAME, Buffer.from(`${family}\0`, "latin1"));
  const controller = [genericHeader(CTRL_CMD_GETFAMILY), name];
  const found = askNetlink(NETLINK_GENERIC, GENL_ID_CTRL, NLM_F_REQUEST, Buffer.concat(controller));
  const attributes = attributesFrom(found?.[0]?.body.subarray(GENERIC_HEADER_BYTES) ?? Buffer.alloc(0));
  const id = attributes.find(({ type, value }) => type === CTRL_ATTR_FAMILY_ID && value.length === 2)?.value;
  if (id === undefined) return undefined;
  const question = Buffer.concat([genericHeader(command), body]);
  return askNetlink(NETLINK_GENERIC, id.readUInt16LE(0), NLM_F_REQUEST, question);
}

/** An attribute that holds others. */
export const nested = (type: number, ...attributes: readonly Buffer[]): Buffer =>
  attribute(type | NLA_F_NESTED, Buffer.concat(attributes));

/** One attribute as it lies in a message. */
export function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(aligned(4 + value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, 4);
  return bytes;
}

/** struct genlmsghdr. */
const genericHeader = (command: number): Buffer => Buffer.from([command, 1, 0, 0]);

/** Messages of one datagram. */
export function messagesFrom(datagram: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + HEADER_BYTES <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < HEADER_BYTES || at + length > datagram.length) break;
    messages.push({ type: datagram.readUInt16LE(at + 4), body: datagram.subarray(at + HEADER_BYTES, at + length) });
    at += aligned(length);
  }
  return messages;
}

/** Attributes in a row, nested ones as they lie in their value. */
export function attributesFrom(bytes: Buffer): NetlinkAttribute[] {
  const attributes: NetlinkAttribute[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) break;
    // The two highest bits say how the value is made, not what it is.
    attributes.push({ type: bytes.readUInt16LE(at + 2) & 0x3fff, value: bytes.subarray(at + 4, at + length) });
    at += aligned(length);
  }
  return attributes;
}

const aligned = (length: number): number => (length + 3) & ~3;

function receiveAll(fd: number, isDump: boolean): NetlinkMessage[] | undefined {
  const all: NetlinkMessage[] = [];
  for (let datagrams = 0; datagrams < MOST_DATAGRAMS; datagrams += 1) {
    const buffer = Buffer.alloc(RECEIVE_BYTES);
    const length = Number(libc().recv(fd, buffer, buffer.length, 0));
    if (length <= 0) return undefined;
    for (const message of messagesFrom(buffer.subarray(0, length))) {
      if (message.type === NLMSG_DONE) return all;
      if (message.type === NLMSG_ERROR) return undefined;
      all.push(message);
    }
    if (!isDump) return all;
  }
  return undefined;
}

export const AF_NETLINK = 16;
const SO_RCVTIMEO = 20;
/** struct timeval. */
const ONE_SECOND = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
