import koffi from "koffi";

/** The C library's socket calls, for sockets of kinds that Node does not make. Each is as its manual page says. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  getpeername(fd: number, address: Uint8Array, length: Uint8Array): number;
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number;
  send(fd: number, message: Uint8Array, length: number, flags: number): number | bigint;
  sendto(fd: number, message: Uint8Array, length: number, flags: number, to: Uint8Array, size: number): number | bigint;
  recv(fd: number, into: Uint8Array, length: number, flags: number): number | bigint;
  close(fd: number): number;
}

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;

let loaded: Libc | undefined;

/** Loaded on first use: whoever needs no such socket does not pay for it. */
export function libc(): Libc {
  if (loaded !== undefined) return loaded;
  const library = koffi.load(null);
  loaded = {
    socket: library.func("int socket(int domain, int type, int protocol)"),
    setsockopt: library.func("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)"),
    bind: library.func("int bind(int fd, const void *address, uint32_t length)"),
    listen: library.func("int listen(int fd, int backlog)"),
    getpeername: library.func("int getpeername(int fd, void *address, void *length)"),
    getsockname: library.func("int getsockname(int fd, void *address, void *length)"),
    send: library.func("long send(int fd, const void *message, size_t length, int flags)"),
    sendto: library.func(
      "long sendto(int fd, const void *message, size_t length, int flags, const void *to, uint32_t size)",
    ),
    recv: library.func("long recv(int fd, void *into, size_t length, int flags)"),
    close: library.func("int close(int fd)"),
  };
  return loaded;
}

/** A system call that failed; `code` is the errno's name. */
export class SocketError extends Error {
  readonly code: string;

  constructor(call: string, what: string, errno: number) {
    const code = ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
    super(`${call} failed for ${what}: ${code}`);
    this.name = "SocketError";
    this.code = code;
  }
}

/** The failure of the call that was just made: the next one overwrites what the system said. */
export function lastError(call: string, what: string): SocketError {
  return new SocketError(call, what, koffi.errno());
}

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(koffi.os.errno).map(([name, value]) => [Number(value), name]),
);
