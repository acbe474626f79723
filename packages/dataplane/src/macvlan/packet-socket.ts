import { readFileSync } from "node:fs";
import { lastError, libc, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "../kernel/libc.ts";

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
  if (fd < 0) throw lastError("socket", link);
  const everybody = linkAddress(index);
  if (system.bind(fd, everybody, everybody.length) !== 0) {
    const error = lastError("bind", link);
    system.close(fd);
    throw error;
  }
  return {
    broadcast: (packet) => {
      const sent = Number(system.sendto(fd, packet, packet.length, 0, everybody, everybody.length));
      if (sent !== packet.length) throw lastError("sendto", link);
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
