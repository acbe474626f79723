import { addressFromBytes, addressToBytes } from "../cidr.ts";
import type { Endpoint } from "./socket.ts";

/**
 * The frames of a link. Each is an 8-byte header (type u8, payload length u24, flow id u32, big-endian) and a payload.
 * What does not parse is a {@link ProtocolError}, which costs the sender the link.
 */

/** A flow that the entry asks the exit to carry. */
export interface OpenRequest {
  readonly serviceId: string;
  /** The client. */
  readonly source: Endpoint;
  /** Where the client was going. */
  readonly destination: Endpoint;
  readonly transparent: boolean;
  /** It came by the service's own interface, not by a route. */
  readonly byInterface: boolean;
}

/** Why a flow ended otherwise than by both sides finishing. The numbers are the wire's. */
export const RESET_CODES = {
  cancelled: 1,
  connect_refused: 2,
  connect_unreachable: 3,
  connect_timeout: 4,
  connect_failed: 5,
  not_admitted: 6,
  overloaded: 7,
  stopping: 8,
  /** Never sent: the link itself went away. */
  link_lost: 9,
} as const;
export type ResetCode = keyof typeof RESET_CODES;

export type Frame =
  /** The first frame of the side that was dialled: it knows the other's certificate. It names flow 0. */
  | { readonly type: "welcome" }
  | { readonly type: "open"; readonly flowId: number; readonly request: OpenRequest }
  | { readonly type: "accept"; readonly flowId: number }
  /** A piece of a DATA frame, as it arrived; never empty. The bytes are the receiver's to keep. */
  | { readonly type: "data"; readonly flowId: number; readonly bytes: Buffer }
  | { readonly type: "credit"; readonly flowId: number; readonly bytes: number }
  | { readonly type: "fin"; readonly flowId: number }
  | { readonly type: "reset"; readonly flowId: number; readonly code: ResetCode };

/** The other side broke the protocol: a bug or an attack; the link is closed. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

export const HEADER_BYTES = 8;
/** So that a bulk flow holds the link for at most this much before others have their turn. */
export const MAX_DATA_BYTES = 64 * 1024;
const MAX_OPEN_BYTES = 128;

const TYPES = { open: 1, accept: 2, data: 3, credit: 4, fin: 5, reset: 6, welcome: 7 } as const;
const FLAG_TRANSPARENT = 1;
const FLAG_BY_INTERFACE = 2;
const SERVICE_ID = /^svc_[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const codesByNumber: ReadonlyMap<number, ResetCode> = new Map(
  Object.entries(RESET_CODES).map(([code, number]) => [number, code as ResetCode]),
);

export function encodeWelcome(): Buffer {
  return header(TYPES.welcome, 0, 0, 0);
}

/** Only the header; the payload of `length` bytes follows it. */
export function encodeDataHeader(flowId: number, length: number): Buffer {
  return header(TYPES.data, flowId, length, 0);
}

/** Payload: flags u8, family u8, source and destination (address, port u16), service id in ASCII. */
export function encodeOpen(flowId: number, request: OpenRequest): Buffer {
  const { source, destination } = request;
  const flags = (request.transparent ? FLAG_TRANSPARENT : 0) | (request.byInterface ? FLAG_BY_INTERFACE : 0);
  const endpointBytes = addressLength(source.address.family) + 2;
  const length = 2 + 2 * endpointBytes + request.serviceId.length;
  const frame = header(TYPES.open, flowId, length, length);
  frame[HEADER_BYTES] = flags;
  frame[HEADER_BYTES + 1] = source.address.family;
  writeEndpoint(frame, HEADER_BYTES + 2, source);
  writeEndpoint(frame, HEADER_BYTES + 2 + endpointBytes, destination);
  frame.write(request.serviceId, HEADER_BYTES + 2 + 2 * endpointBytes, "latin1");
  return frame;
}

export function encodeAccept(flowId: number): Buffer {
  return header(TYPES.accept, flowId, 0, 0);
}

export function encodeCredit(flowId: number, bytes: number): Buffer {
  const frame = header(TYPES.credit, flowId, 4, 4);
  frame.writeUInt32BE(bytes, HEADER_BYTES);
  return frame;
}

export function encodeFin(flowId: number): Buffer {
  return header(TYPES.fin, flowId, 0, 0);
}

export function encodeReset(flowId: number, code: ResetCode): Buffer {
  const frame = header(TYPES.reset, flowId, 1, 1);
  frame.writeUInt8(RESET_CODES[code], HEADER_BYTES);
  return frame;
}

/** Reads frames from a byte stream in pieces of any size. DATA is handed on piece by piece, other frames whole. */
export class FrameDecoder {
  /** The start of a header or of a payload that is not DATA, until it is whole. */
  #partial: Buffer = EMPTY;
  #data: { flowId: number; missing: number } | undefined;

  /** @throws ProtocolError for what no correct sender sends; the decoder is of no use after it. */
  push(chunk: Buffer, receive: (frame: Frame) => void): void {
    let rest = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    this.#partial = EMPTY;
    while (rest.length > 0) {
      if (this.#data !== undefined) {
        rest = this.#passData(rest, this.#data, receive);
        continue;
      }
      if (rest.length < HEADER_BYTES) break;
      const type = rest.readUInt8(0);
      const length = rest.readUIntBE(1, 3);
      const flowId = rest.readUInt32BE(4);
      checkHeader(type, length, flowId);
      if (type === TYPES.data) {
        this.#data = { flowId, missing: length };
        rest = rest.subarray(HEADER_BYTES);
        continue;
      }
      if (rest.length < HEADER_BYTES + length) break;
      receive(decodeFrame(type, flowId, rest.subarray(HEADER_BYTES, HEADER_BYTES + length)));
      rest = rest.subarray(HEADER_BYTES + length);
    }
    // A copy: the piece that it is cut from may be large.
    if (rest.length > 0) this.#partial = Buffer.from(rest);
  }

  #passData(rest: Buffer, data: { flowId: number; missing: number }, receive: (frame: Frame) => void): Buffer {
    const bytes = rest.subarray(0, data.missing);
    data.missing -= bytes.length;
    if (data.missing === 0) this.#data = undefined;
    receive({ type: "data", flowId: data.flowId, bytes });
    return rest.subarray(bytes.length);
  }
}

const EMPTY = Buffer.alloc(0);

function header(type: number, flowId: number, length: number, payloadRoom: number): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payloadRoom);
  frame.writeUInt8(type, 0);
  frame.writeUIntBE(length, 1, 3);
  frame.writeUInt32BE(flowId, 4);
  return frame;
}

/** Before the payload is waited for, so that nobody makes us hold what we would refuse. */
function checkHeader(type: number, length: number, flowId: number): void {
  if ((flowId === 0) !== (type === TYPES.welcome))
    throw new ProtocolError(`a frame of type ${type} names flow ${flowId}`);
  const [least, most] = payloadBounds(type);
  if (length < least || length > most) throw new ProtocolError(`a frame of type ${type} is ${length} bytes long`);
}

function payloadBounds(type: number): readonly [number, number] {
  switch (type) {
    case TYPES.open:
      return [1, MAX_OPEN_BYTES];
    case TYPES.data:
      return [1, MAX_DATA_BYTES];
    case TYPES.credit:
      return [4, 4];
    case TYPES.reset:
      return [1, 1];
    case TYPES.accept:
    case TYPES.fin:
    case TYPES.welcome:
      return [0, 0];
  }
  throw new ProtocolError(`a frame has the unknown type ${type}`);
}

function decodeFrame(type: number, flowId: number, payload: Buffer): Frame {
  switch (type) {
    case TYPES.open:
      return { type: "open", flowId, request: decodeOpen(payload) };
    case TYPES.accept:
      return { type: "accept", flowId };
    case TYPES.credit:
      return { type: "credit", flowId, bytes: decodeCredit(payload) };
    case TYPES.fin:
      return { type: "fin", flowId };
    case TYPES.welcome:
      return { type: "welcome" };
  }
  const code = codesByNumber.get(payload.readUInt8(0));
  if (code === undefined || code === "link_lost") throw new ProtocolError("a RESET has an unknown code");
  return { type: "reset", flowId, code };
}

function decodeCredit(payload: Buffer): number {
  const bytes = payload.readUInt32BE(0);
  if (bytes === 0) throw new ProtocolError("a CREDIT grants nothing");
  return bytes;
}

function decodeOpen(payload: Buffer): OpenRequest {
  const flags = payload.readUInt8(0);
  if ((flags & ~(FLAG_TRANSPARENT | FLAG_BY_INTERFACE)) !== 0) throw new ProtocolError("an OPEN has unknown flags");
  const addressBytes = addressLength(payload[1]);
  const endpointBytes = addressBytes + 2;
  const serviceId = payload.subarray(2 + 2 * endpointBytes).toString("latin1");
  if (!SERVICE_ID.test(serviceId)) throw new ProtocolError("an OPEN names no service");
  return {
    serviceId,
    source: decodeEndpoint(payload.subarray(2, 2 + endpointBytes)),
    destination: decodeEndpoint(payload.subarray(2 + endpointBytes, 2 + 2 * endpointBytes)),
    transparent: (flags & FLAG_TRANSPARENT) !== 0,
    byInterface: (flags & FLAG_BY_INTERFACE) !== 0,
  };
}

function addressLength(family: number | undefined): number {
  if (family === 4) return 4;
  if (family === 6) return 16;
  throw new ProtocolError("an OPEN has an unknown address family");
}

function writeEndpoint(frame: Buffer, at: number, { address, port }: Endpoint): void {
  const bytes = addressToBytes(address);
  frame.set(bytes, at);
  frame.writeUInt16BE(port, at + bytes.length);
}

function decodeEndpoint(bytes: Buffer): Endpoint {
  const address = addressFromBytes(bytes.subarray(0, -2));
  const port = bytes.readUInt16BE(bytes.length - 2);
  if (address === undefined || port === 0) throw new ProtocolError("an OPEN has a malformed address");
  return { address, port };
}
