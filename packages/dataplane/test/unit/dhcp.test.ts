import { expect, test } from "vitest";
import { askForLease } from "../../src/macvlan/dhcp-client.ts";
import { decodeAnswer, encodeQuestion } from "../../src/macvlan/dhcp-message.ts";
import type { PacketSocket } from "../../src/macvlan/packet-socket.ts";

const MAC = Uint8Array.from([2, 0x11, 0x22, 0x33, 0x44, 0x55]);

/** A server's packet, by hand from RFC 2131 and RFC 2132. */
function answer(type: 2 | 5 | 6, transaction: number, more: { mac?: Uint8Array; address?: number[] } = {}): Buffer {
  const body = Buffer.alloc(240);
  body.set([2, 1, 6, 0], 0);
  body.writeUInt32BE(transaction, 4);
  body.set(more.address ?? [10, 71, 1, 150], 16);
  body.set(more.mac ?? MAC, 28);
  body.writeUInt32BE(0x63825363, 236);
  const options = [53, 1, type, 54, 4, 10, 71, 1, 2, 51, 4, 0, 0, 0, 60, 1, 4, 255, 255, 255, 0, 255];
  const message = Buffer.concat([body, Buffer.from(options)]);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(67, 0);
  udp.writeUInt16BE(68, 2);
  udp.writeUInt16BE(8 + message.length, 4);
  const ip = Buffer.alloc(20);
  ip.set([0x45, 0], 0);
  ip.writeUInt16BE(28 + message.length, 2);
  ip.set([64, 17], 8);
  return Buffer.concat([ip, udp, message]);
}

const optionOf = (packet: Buffer, code: number): number[] | undefined => {
  for (let at = 268; at < packet.length && packet[at] !== 255; at += 2 + (packet[at + 1] ?? 0)) {
    if (packet[at] === code) return [...packet.subarray(at + 2, at + 2 + (packet[at + 1] ?? 0))];
  }
  return undefined;
};

/** A server that is a function: what it answers to each question. */
function served(answers: (packet: Buffer) => Buffer[]): PacketSocket & { asked: Buffer[] } {
  const waiting: Buffer[] = [];
  const asked: Buffer[] = [];
  return {
    asked,
    broadcast: (packet) => {
      asked.push(packet);
      waiting.push(...answers(packet));
    },
    receive: () => waiting.shift(),
    close: () => {},
  };
}

test("a question is a whole packet from nobody to everybody, and asks for a broadcast answer", () => {
  const packet = encodeQuestion({ type: "discover", transaction: 0xabcdef01, mac: MAC });
  expect([packet.readUInt16BE(2), packet.readUInt16BE(24)]).toEqual([packet.length, packet.length - 20]);
  expect([...packet.subarray(12, 20)]).toEqual([0, 0, 0, 0, 255, 255, 255, 255]);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += packet.readUInt16BE(at);
  expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff);
  expect(packet.readUInt16BE(28 + 10)).toBe(0x8000);
  expect(optionOf(packet, 53)).toEqual([1]);
  expect(optionOf(packet, 61)).toEqual([1, ...MAC]);
});

test("an answer is read, and what is none is not", () => {
  expect(decodeAnswer(answer(2, 7))).toEqual({
    type: "offer",
    transaction: 7,
    mac: Buffer.from(MAC),
    address: "10.71.1.150",
    prefixLength: 24,
    server: "10.71.1.2",
    leaseSeconds: 60,
  });
  expect(decodeAnswer(answer(2, 7).subarray(0, 200))).toBeUndefined();
  expect(decodeAnswer(Buffer.alloc(400))).toBeUndefined();
  expect(decodeAnswer(encodeQuestion({ type: "discover", transaction: 7, mac: MAC }))).toBeUndefined();
});

test("an address is discovered, taken from the server that offered it, and told with its length", async () => {
  const socket = served((packet) => [
    answer(2, 1),
    answer(optionOf(packet, 53)?.[0] === 1 ? 2 : 5, packet.readUInt32BE(32)),
  ]);
  expect(await askForLease(socket, MAC, undefined)).toEqual({
    cidr: "10.71.1.150/24",
    server: "10.71.1.2",
    leaseSeconds: 60,
  });
  expect(optionOf(socket.asked[1] ?? Buffer.alloc(0), 54)).toEqual([10, 71, 1, 2]);
});

test("an address that was held is asked for first, and another is discovered when it is refused", async () => {
  const before = { cidr: "10.71.1.99/24", server: "10.71.1.2", leaseSeconds: 60 };
  const held = served((packet) => [answer(5, packet.readUInt32BE(32), { address: [10, 71, 1, 99] })]);
  expect((await askForLease(held, MAC, before))?.cidr).toBe("10.71.1.99/24");
  expect(held.asked).toHaveLength(1);
  const refused = served((packet) => {
    const isAgain = optionOf(packet, 50)?.[3] === 99;
    const type = isAgain ? 6 : optionOf(packet, 53)?.[0] === 1 ? 2 : 5;
    return [answer(type, packet.readUInt32BE(32))];
  });
  expect((await askForLease(refused, MAC, before))?.cidr).toBe("10.71.1.150/24");
});
