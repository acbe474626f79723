import { describe, expect, test } from "vitest";
import { parseAddress } from "../../src/cidr.ts";
import {
  encodeAccept,
  encodeCredit,
  encodeDataHeader,
  encodeFin,
  encodeOpen,
  encodeReset,
  encodeWelcome,
  type Frame,
  FrameDecoder,
  HEADER_BYTES,
  MAX_DATA_BYTES,
  type OpenRequest,
  ProtocolError,
} from "../../src/pegasus/frame.ts";

const endpoint = (text: string, port: number) => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(text);
  return { address, port };
};

const request = (source: string, destination: string): OpenRequest => ({
  serviceId: "svc_01ARZ3NDEKTSV4RRFFQ69G5FAV",
  source: endpoint(source, 40000),
  destination: endpoint(destination, 443),
  transparent: true,
  byInterface: false,
});

const encode = (frame: Frame): Buffer => {
  switch (frame.type) {
    case "welcome":
      return encodeWelcome();
    case "open":
      return encodeOpen(frame.flowId, frame.request);
    case "accept":
      return encodeAccept(frame.flowId);
    case "credit":
      return encodeCredit(frame.flowId, frame.bytes);
    case "fin":
      return encodeFin(frame.flowId);
    case "reset":
      return encodeReset(frame.flowId, frame.code);
    case "data":
      return Buffer.concat([encodeDataHeader(frame.flowId, frame.bytes.length), frame.bytes]);
  }
};

const decode = (bytes: Buffer, pieceBytes = bytes.length): Frame[] => {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder();
  for (let at = 0; at < bytes.length; at += pieceBytes)
    decoder.push(bytes.subarray(at, at + pieceBytes), (frame) => frames.push(frame));
  return frames;
};

const rawHeader = (type: number, length: number, flowId: number) => {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(type, 0);
  header.writeUIntBE(length, 1, 3);
  header.writeUInt32BE(flowId, 4);
  return header;
};

describe("frames", () => {
  test.each([1, 3, 7, 8, 9, 1000])("are the same after a wire that cuts them into pieces of %i bytes", (pieceBytes) => {
    const sent: Frame[] = [
      { type: "welcome" },
      { type: "open", flowId: 1, request: request("10.71.1.2", "10.71.3.2") },
      {
        type: "open",
        flowId: 2,
        request: { ...request("fd71:1::2", "fd71:3::2"), transparent: false, byInterface: true },
      },
      { type: "accept", flowId: 2 },
      { type: "credit", flowId: 2, bytes: 4_000_000_000 },
      { type: "fin", flowId: 0xffff_ffff },
      { type: "reset", flowId: 1, code: "connect_refused" },
    ];
    const wire = Buffer.concat(sent.map(encode));
    expect(decode(wire, pieceBytes)).toEqual(sent);
  });

  test("of data arrive piece by piece and whole in sum", () => {
    const payload = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 256));
    const wire = Buffer.concat([encodeDataHeader(5, payload.length), payload, encodeFin(5)]);
    const frames = decode(wire, 300);
    expect(frames.at(-1)).toEqual({ type: "fin", flowId: 5 });
    const pieces = frames.slice(0, -1).map((frame) => (frame.type === "data" ? frame.bytes : Buffer.alloc(0)));
    expect(pieces.every((piece) => piece.length > 0)).toBe(true);
    expect(Buffer.concat(pieces).equals(payload)).toBe(true);
  });

  test("an IPv4 OPEN is these bytes", () => {
    expect(encodeOpen(7, request("10.71.1.2", "10.71.3.2")).toString("hex")).toBe(
      ["01", "00002c", "00000007", "01", "04", "0a470102", "9c40", "0a470302", "01bb"].join("") +
        Buffer.from("svc_01ARZ3NDEKTSV4RRFFQ69G5FAV").toString("hex"),
    );
  });
});

describe("refused is", () => {
  const open = encodeOpen(1, request("10.71.1.2", "10.71.3.2"));
  const changed = (at: number, value: number) => {
    const bytes = Buffer.from(open);
    bytes[at] = value;
    return bytes;
  };

  test.each<[string, Buffer]>([
    ["an unknown type", rawHeader(8, 0, 1)],
    ["type 0", rawHeader(0, 0, 1)],
    ["flow 0", rawHeader(5, 0, 0)],
    ["a WELCOME of a flow", rawHeader(7, 0, 1)],
    ["DATA over the limit, before its payload comes", rawHeader(3, MAX_DATA_BYTES + 1, 1)],
    ["empty DATA", rawHeader(3, 0, 1)],
    ["an OPEN over the limit, before its payload comes", rawHeader(1, 129, 1)],
    ["a CREDIT of nothing", Buffer.concat([rawHeader(4, 4, 1), Buffer.alloc(4)])],
    ["a CREDIT of another length", rawHeader(4, 5, 1)],
    ["a FIN with a payload", rawHeader(5, 1, 1)],
    ["a RESET with an unknown code", Buffer.concat([rawHeader(6, 1, 1), Buffer.from([200])])],
    ["a RESET that claims the loss of the link", Buffer.concat([rawHeader(6, 1, 1), Buffer.from([9])])],
    ["an OPEN with unknown flags", changed(8, 4)],
    ["an OPEN of an unknown family", changed(9, 5)],
    ["an OPEN of the other family", changed(9, 6)],
    ["an OPEN with another id in the service's place", changed(24, 0x78)],
    ["an OPEN to port 0", Buffer.concat([open.subarray(0, 20), Buffer.from([0, 0]), open.subarray(22)])],
  ])("%s", (_, bytes) => {
    expect(() => decode(bytes)).toThrow(ProtocolError);
  });
});
