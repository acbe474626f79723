import { readFileSync } from "node:fs";
import koffi from "koffi";

/** IPv4 packets of one link, before any rule of the host's has seen them. Needs CAP_NET_RAW. */
export interface PacketSocket {
  /** To everybody on the link. @throws Error when the link is gone. */
  broadcast(packet: Buffer): void;
  /** The next packet that has come; undefined when none has. */
  receive(): Buffer | undefined;
  close(): void;
}

/** @throws Error that names the link and the system's error. */
export function openPacketSocket(link: string): PacketSocket {
  const system = libc();
  const index = indexOf(link);
  const fd = system.socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, networkOrder(ETH_P_IP));
  if (fd < 0) throw failure("socket", link);
  const everybody = linkAddress(index);
  if (system.bind(fd, everybody, everybody.length) !== 0) {
    const error = failure("bind", link);
    system.close(fd);
    throw error;
  }
  return {
    broadcast: (packet) => {
      const sent = Number(system.sendto(fd, packet, packet.length, 0, everybody, everybody.length));
      if (sent !== packet.length) throw failure("sendto", link);
    },
    receive: () => {
      const buffer = Buffer.alloc(2048);
      const length = Number(system.recv(fd, buffer, buffer.length, 0));
      return length > 0 ? buffer.subarray(0, length) : undefined;
    },
    close: () => void system.close(fd),
  };
}

const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_IP = 0x0800;

/** struct sockaddr_ll with the link's broadcast address. */
function linkAddress(index: number): Buffer {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_IP, 2);
  address.writeInt32LE(index, 4);
  address.writeUInt8(6, 11);
  address.fill(0xff, 12, 18);
  return address;
}

const networkOrder = (value: number): number => ((value & 0xff) << 8) | (value >> 8);

function indexOf(link: string): number {
  return Number(readFileSync(`/sys/class/net/${link}/ifindex`, "utf8"));
}

function failure(call: string, link: string): Error {
  return new Error(`${call} failed on ${link}: errno ${koffi.errno()}`);
}

interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  sendto(fd: number, bytes: Uint8Array, length: number, flags: number, to: Uint8Array, size: number): number | bigint;
  recv(fd: number, into: Uint8Array, length: number, flags: number): number | bigint;
  close(fd: number): number;
}

let loaded: Libc | undefined;

function libc(): Libc {
  if (loaded !== undefined) return loaded;
  const library = koffi.load(null);
  loaded = {
    socket: library.func("int socket(int domain, int type, int protocol)"),
    bind: library.func("int bind(int fd, const void *address, uint32_t length)"),
    sendto: library.func(
      "long sendto(int fd, const void *bytes, size_t length, int flags, const void *to, uint32_t size)",
    ),
    recv: library.func("long recv(int fd, void *into, size_t length, int flags)"),
    close: library.func("int close(int fd)"),
  };
  return loaded;
}
