import net from "node:net";
import { addressToBytes, formatAddress, type IpAddress, parseAddress } from "../cidr.ts";
import {
  lastError,
  libc,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketError,
} from "../kernel/libc.ts";

/**
 * Linux sockets that Node cannot make by itself: transparent listeners (they accept connections to addresses that
 * are not the host's), dials from an address that is not the host's, and a few options of live sockets. Node's own
 * event loop serves the descriptors from then on.
 */

export interface Endpoint {
  readonly address: IpAddress;
  readonly port: number;
}

/**
 * A listening, non-blocking descriptor; several workers may listen on one port. IPv6 listeners take no IPv4. What it
 * accepts sends without delay and finds out about dead clients as {@link KEEP_ALIVE} says.
 * @throws SocketError EPERM without CAP_NET_RAW or CAP_NET_ADMIN, EADDRINUSE, …
 */
export function listenTransparent(endpoint: Endpoint, backlog: number): number {
  return withSocket(endpoint.address.family, SOCK_STREAM, endpoint, (fd) => {
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, endpoint);
    setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1, endpoint);
    setTransparent(fd, endpoint.address.family, endpoint);
    // Linux hands these down to what is accepted, which saves six calls a connection.
    setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1, endpoint);
    setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1, endpoint);
    setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_ALIVE.idleMs / 1000, endpoint);
    setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_ALIVE.probeEveryMs / 1000, endpoint);
    setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_ALIVE.probes, endpoint);
    bindTo(fd, endpoint, endpoint);
    if (libc().listen(fd, backlog) !== 0) throw failureOf("listen", endpoint);
  });
}

/** A connection that is silent for so long is asked whether it still stands, so often; the latter two are what Node sets. */
export const KEEP_ALIVE = { idleMs: 60_000, probeEveryMs: 1000, probes: 10 } as const;

/** @throws SocketError EPERM when this process may not make transparent sockets. */
export function checkTransparent(): void {
  libc().close(withSocket(4, SOCK_STREAM, "a probe", (fd) => setTransparent(fd, 4, "a probe")));
}

/**
 * A descriptor bound to the client's own address and port, ready to connect from there. When the port cannot be had
 * (taken, or privileged) the kernel picks one at connect.
 * @throws SocketError EPERM without CAP_NET_RAW or CAP_NET_ADMIN, …
 */
export function bindTransparent(source: Endpoint): number {
  try {
    return bindSource(source);
  } catch (error) {
    if (source.port === 0 || !(error instanceof SocketError) || !PORT_TAKEN.has(error.code)) throw error;
    return bindSource({ address: source.address, port: 0 });
  }
}

/**
 * True when the kernel would deliver packets for the address to this host itself, or broadcast them. Undefined when
 * the kernel lets anything be bound (`ip_nonlocal_bind`), so that it cannot tell.
 */
export function isBindable(address: IpAddress): boolean | undefined {
  if (canBind(NEVER_LOCAL[address.family])) return undefined;
  return canBind(address);
}

/** Keeps unsent bytes out of the kernel, where no scheduler of ours reaches them, and gives up on a dead path. */
export function tuneLinkSocket(socket: net.Socket, unsentBytes: number, userTimeoutMs: number): void {
  const fd = fdOf(socket);
  if (fd === undefined) return;
  try {
    setOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsentBytes, "a link");
    setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeoutMs, "a link");
  } catch (error) {
    // A connection that broke meanwhile says so itself; a kernel without the option works without it.
    if (!(error instanceof SocketError)) throw error;
  }
}

/** Reads into one shared buffer; return false to pause, `socket.resume()` goes on. */
export interface OnRead {
  readonly buffer: Uint8Array;
  callback(length: number, buffer: Uint8Array): boolean;
}

/**
 * Node's constructor options, with those that it uses itself but does not document: `handle`, `pauseOnCreate` and
 * `manualStart` are pinned by a test on the running Node.
 */
interface SocketOptions extends net.SocketConstructorOpts {
  readonly pauseOnCreate?: boolean;
  readonly manualStart?: boolean;
}

/** A socket on a bound, unconnected descriptor; it reads nothing until it is connected and resumed. */
export function socketFromFd(fd: number, onread: OnRead): net.Socket {
  const options: SocketOptions = { fd, pauseOnCreate: true, allowHalfOpen: true, onread: onReadOption(onread) };
  return new net.Socket(options);
}

/** An unconnected socket that chooses its own source. */
export function plainSocket(onread: OnRead): net.Socket {
  return new net.Socket({ allowHalfOpen: true, onread: onReadOption(onread) });
}

/**
 * Moves an accepted, paused connection to a new socket that reads by `onread`. The old one is void. The new one
 * stays paused until it is resumed.
 */
export function adoptAccepted(accepted: net.Socket, onread: OnRead): net.Socket {
  // Declared as what a user may pass; Node's own server passes its TCP handle, as here.
  const owner = accepted as unknown as { _handle: NonNullable<net.SocketConstructorOpts["handle"]> | null };
  const handle = owner._handle ?? undefined;
  owner._handle = null;
  // Without its handle this closes nothing, but the server counts one connection less.
  accepted.destroy();
  const options: SocketOptions = { handle, allowHalfOpen: true, manualStart: true, onread: onReadOption(onread) };
  return new net.Socket(options);
}

function onReadOption(onread: OnRead): net.OnReadOpts {
  return { buffer: onread.buffer, callback: (length, buffer) => onread.callback(length, buffer) };
}

export function fdOf(socket: net.Socket): number | undefined {
  const handle = (socket as unknown as { _handle?: { fd?: number } | null })._handle;
  const fd = handle?.fd;
  return fd !== undefined && fd >= 0 ? fd : undefined;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SO_REUSEADDR = 2;
const SO_KEEPALIVE = 9;
const SO_REUSEPORT = 15;
const IPPROTO_IP = 0;
const IP_TRANSPARENT = 19;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_TRANSPARENT = 75;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_USER_TIMEOUT = 18;
const TCP_NOTSENT_LOWAT = 25;

/** EACCES: a port below 1024 without CAP_NET_BIND_SERVICE. */
const PORT_TAKEN: ReadonlySet<string> = new Set(["EADDRINUSE", "EADDRNOTAVAIL", "EACCES"]);

/** Documentation addresses (RFC 5737, RFC 3849): no host has them, so only `ip_nonlocal_bind` lets them be bound. */
const NEVER_LOCAL = {
  4: documentationAddress("203.0.113.254"),
  6: documentationAddress("2001:db8:ffff::fffe"),
} as const;

function documentationAddress(text: string): IpAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

/** What a call is for, told where it fails. */
type Purpose = Endpoint | string;

function failureOf(call: string, what: Purpose): SocketError {
  return lastError(call, typeof what === "string" ? what : describeEndpoint(what));
}

function withSocket(family: 4 | 6, type: number, what: Purpose, prepare: (fd: number) => void): number {
  const fd = libc().socket(family === 4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw failureOf("socket", what);
  try {
    if (family === 6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, what);
    prepare(fd);
    return fd;
  } catch (error) {
    libc().close(fd);
    throw error;
  }
}

function bindSource(source: Endpoint): number {
  return withSocket(source.address.family, SOCK_STREAM, source, (fd) => {
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, source);
    setTransparent(fd, source.address.family, source);
    // The port is chosen at connect, per destination, so one client address is not held to 28,000 flows in all.
    if (source.port === 0) setOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, source);
    bindTo(fd, source, source);
  });
}

function canBind(address: IpAddress): boolean {
  const endpoint = { address, port: 0 };
  try {
    const fd = withSocket(address.family, SOCK_DGRAM, "a probe", (probe) => bindTo(probe, endpoint, "a probe"));
    libc().close(fd);
    return true;
  } catch {
    return false;
  }
}

function setTransparent(fd: number, family: 4 | 6, what: Purpose): void {
  if (family === 4) setOption(fd, IPPROTO_IP, IP_TRANSPARENT, 1, what);
  else setOption(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1, what);
}

const optionBytes = Buffer.alloc(4);

function setOption(fd: number, level: number, name: number, value: number, what: Purpose): void {
  optionBytes.writeInt32LE(value);
  if (libc().setsockopt(fd, level, name, optionBytes, 4) !== 0) throw failureOf("setsockopt", what);
}

function bindTo(fd: number, endpoint: Endpoint, what: Purpose): void {
  const address = socketAddress(endpoint);
  if (libc().bind(fd, address, address.length) !== 0) throw failureOf("bind", what);
}

/** struct sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes). The family is in host order: both our hosts are little-endian. */
function socketAddress({ address, port }: Endpoint): Buffer {
  const bytes = Buffer.alloc(address.family === 4 ? 16 : 28);
  bytes.writeUInt16LE(address.family === 4 ? AF_INET : AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(addressToBytes(address), address.family === 4 ? 4 : 8);
  return bytes;
}

function describeEndpoint({ address, port }: Endpoint): string {
  return `${formatAddress(address)} port ${port}`;
}
