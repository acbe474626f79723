import koffi from "koffi";

/** A unix datagram socket at the path, as a service manager has one; Node has none of its own. */
export function datagramReceiver(path: string): { take(): string[]; close(): void } {
  const libc = koffi.load(null);
  const socket = libc.func("int socket(int domain, int type, int protocol)");
  const bind = libc.func("int bind(int fd, const void *address, uint32_t length)");
  const receive = libc.func("long recv(int fd, _Out_ uint8_t *data, size_t length, int flags)");
  const close = libc.func("int close(int fd)");
  const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
  const fd: number = socket(1, SOCK_DGRAM_NONBLOCK, 0);
  const address = Buffer.concat([Buffer.from(new Uint16Array([1]).buffer), Buffer.from(`${path}\0`)]);
  if (fd < 0 || bind(fd, address, address.length) !== 0) throw new Error(`no socket at ${path}: ${koffi.errno()}`);
  const data = Buffer.alloc(4096);
  return {
    take() {
      const messages: string[] = [];
      for (let length = receive(fd, data, data.length, 0); length > 0; length = receive(fd, data, data.length, 0))
        messages.push(data.toString("utf8", 0, Number(length)));
      return messages;
    },
    close: () => close(fd),
  };
}
