import type net from "node:net";
import { addressFromBytes, type IpAddress, ipv4Within } from "../cidr.ts";
import { libc } from "../kernel/libc.ts";
import { type Endpoint, fdOf } from "./socket.ts";

/** Who a captured connection is from, and where it was going. Node would make texts of it, and each is read again. */
export interface AcceptedEndpoints {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** Undefined when the connection has ended already. */
export function acceptedEndpoints(socket: net.Socket): AcceptedEndpoints | undefined {
  const fd = fdOf(socket);
  if (fd === undefined) return undefined;
  const [source, destination] = [endpointBy("getpeername", fd), endpointBy("getsockname", fd)];
  return source === undefined || destination === undefined ? undefined : { source, destination };
}

/** The longest of those that are read, struct sockaddr_in6. */
const SOCKADDR_BYTES = 28;
const AF_INET = 2;
const AF_INET6 = 10;
const address = Buffer.alloc(SOCKADDR_BYTES);
const length = Buffer.alloc(4);

function endpointBy(call: "getpeername" | "getsockname", fd: number): Endpoint | undefined {
  length.writeUInt32LE(SOCKADDR_BYTES);
  if (libc()[call](fd, address, length) !== 0) return undefined;
  const found = addressFrom(address.readUInt16LE(0));
  return found === undefined ? undefined : { address: found, port: address.readUInt16BE(2) };
}

function addressFrom(family: number): IpAddress | undefined {
  if (family === AF_INET) return addressFromBytes(address.subarray(4, 8));
  const found = family === AF_INET6 ? addressFromBytes(address.subarray(8, 24)) : undefined;
  return found === undefined ? undefined : ipv4Within(found);
}
