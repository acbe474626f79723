import type { Clock } from "./clock.ts";
import type { Supervision } from "./config.ts";

/** The service manager that started this process, where one wants to hear of it (sd_notify(3)). */
export interface Supervisor {
  ready(status: string): void;
  stopping(): void;
}

export const noSupervisor: Supervisor = {
  ready: () => undefined,
  stopping: () => undefined,
};

/**
 * Speaks to the manager over its unix datagram socket, and tells it that the process lives while the event loop turns:
 * twice in each of its intervals. Node has no datagram sockets of that family, so libc's are called (koffi, which the
 * data plane uses too); nothing of it is loaded where no manager listens. Throws an Error where libc cannot be reached.
 */
export async function connectSupervisor(supervision: Supervision, clock: Clock): Promise<Supervisor> {
  const send = await datagramsTo(supervision.socket);
  if (supervision.watchdogMs !== undefined) clock.every(supervision.watchdogMs / 2, () => send("WATCHDOG=1"));
  return {
    ready: (status) => send(`READY=1\nSTATUS=${status.replaceAll("\n", " ")}`),
    stopping: () => send("STOPPING=1\nSTATUS=stopping"),
  };
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` of unix(7). */
const PATH_BYTES = 108;

/** A message that the manager does not take is lost, as sd_notify(3) has it: the agent's work does not depend on it. */
async function datagramsTo(path: string): Promise<(message: string) => void> {
  const { default: koffi } = await import("koffi");
  const libc = koffi.load(null);
  const socket = libc.func("int socket(int domain, int type, int protocol)");
  const sendto = libc.func(
    "long sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t address_length)",
  );
  const fd: number = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error(`NOTIFY_SOCKET: no datagram socket (errno ${koffi.errno()})`);
  const address = unixAddress(path);
  return (message) => {
    const data = Buffer.from(message, "utf8");
    sendto(fd, data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length);
  };
}

/** `struct sockaddr_un`; an `@` stands for the zero byte of an abstract name. */
function unixAddress(path: string): Buffer {
  const name = Buffer.from(path, "utf8");
  if (name.length >= PATH_BYTES) throw new Error(`NOTIFY_SOCKET is longer than ${PATH_BYTES - 1} bytes`);
  const isAbstract = path.startsWith("@");
  if (isAbstract) name[0] = 0;
  const family = Buffer.alloc(2);
  new Uint16Array(family.buffer, family.byteOffset, 1)[0] = AF_UNIX;
  return Buffer.concat([family, name, ...(isAbstract ? [] : [Buffer.alloc(1)])]);
}
