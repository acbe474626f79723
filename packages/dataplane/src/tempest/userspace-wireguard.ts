import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Runner, startProcess } from "../kernel/runner.ts";
import { type UapiDevice, uapiChange, uapiDeviceFrom, uapiRequest } from "./uapi.ts";
import { endpointText, type Wireguard, type WireguardConfig, type WireguardPeerStatus } from "./wireguard.ts";

const SOCKET_FOLDER = "/var/run/wireguard";
const START_LIMIT_MS = 5_000;
const STOP_LIMIT_MS = 2_000;

export interface UserspaceOptions {
  readonly name: string;
  readonly runner: Runner;
  /** Called when `wireguard-go` ended without being asked to. */
  readonly onLost: (reason: string) => void;
}

/** `wireguard-go` as a child in the foreground: it dies with this process, even when that is killed. */
export function userspaceWireguard(options: UserspaceOptions): Wireguard {
  return new UserspaceWireguard(options);
}

class UserspaceWireguard implements Wireguard {
  readonly backend = "userspace";
  readonly #options: UserspaceOptions;
  readonly #socketPath: string;
  #child: ChildProcess | undefined;
  /** Whose processes were there before this one is known: what came later are children of this one. */
  #hasLooked = false;
  /** What the plan last said of each peer's endpoint, by public key. */
  #plannedEndpoints = new Map<string, string>();

  constructor(options: UserspaceOptions) {
    this.#options = options;
    this.#socketPath = `${SOCKET_FOLDER}/${options.name}.sock`;
  }

  async up(): Promise<void> {
    if (this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) return;
    await this.#removeLeftover();
    const { name } = this.#options;
    const child = startProcess("setpriv", ["--pdeathsig", "KILL", "wireguard-go", "-f", name], {
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        LOG_LEVEL: "error",
        WG_PROCESS_FOREGROUND: "1",
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let complaint = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      complaint = (complaint + chunk).slice(-2_000);
    });
    child.on("error", (error) => {
      complaint += error.message;
    });
    child.on("exit", () => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#options.onLost(complaint.trim());
    });
    if (!(await this.#answers(child))) {
      child.kill("SIGKILL");
      throw new Error(`wireguard-go did not start ${name}: ${complaint.trim() || "no message"}`);
    }
    this.#plannedEndpoints = new Map();
    this.#child = child;
  }

  async configure(config: WireguardConfig): Promise<void> {
    const device = await this.#device();
    const change = uapiChange(device, config, this.#plannedEndpoints);
    if (change !== undefined) await uapiRequest(this.#socketPath, change);
    this.#plannedEndpoints = new Map(
      config.peers.flatMap((peer) =>
        peer.type === "carrying" ? [[peer.publicKey, endpointText(peer.endpoint)] as const] : [],
      ),
    );
  }

  async status(): Promise<ReadonlyMap<string, WireguardPeerStatus>> {
    if (this.#child === undefined) return new Map();
    const { peers } = await this.#device();
    return new Map(peers.map((peer) => [peer.publicKey, peer]));
  }

  async down(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#plannedEndpoints = new Map();
    if (child !== undefined) await endChild(child);
    await this.#removeLeftover();
  }

  async #device(): Promise<UapiDevice> {
    return uapiDeviceFrom(await uapiRequest(this.#socketPath, "get=1\n\n"));
  }

  async #answers(child: ChildProcess): Promise<boolean> {
    const endsAt = performance.now() + START_LIMIT_MS;
    while (performance.now() < endsAt && child.exitCode === null && child.pid !== undefined) {
      const answered = await uapiRequest(this.#socketPath, "get=1\n\n").then(
        () => true,
        () => false,
      );
      if (answered) return true;
      await sleep(20);
    }
    return false;
  }

  /** A predecessor's process holds the interface; without the process the interface is gone, but not the socket file. */
  async #removeLeftover(): Promise<void> {
    const { name, runner } = this.#options;
    const pid = this.#hasLooked ? undefined : await pidOfWireguard(name);
    this.#hasLooked = true;
    if (pid !== undefined) {
      process.kill(pid, "SIGKILL");
      const endsAt = performance.now() + STOP_LIMIT_MS;
      while (performance.now() < endsAt && (await linkExists(runner, name))) await sleep(20);
    }
    await rm(this.#socketPath, { force: true });
  }
}

/** A `wireguard-go -f NAME` in this network namespace; another namespace's may bear the same name. */
async function pidOfWireguard(name: string): Promise<number | undefined> {
  const own = await networkNamespaceOf("self");
  for (const entry of await readdir("/proc")) {
    if (!/^[0-9]+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    const [program, ...args] = command.split("\0").filter((part) => part !== "");
    if (program !== "wireguard-go" || args.at(-1) !== name) continue;
    if ((await networkNamespaceOf(entry)) === own) return Number(entry);
  }
  return undefined;
}

function networkNamespaceOf(pid: string): Promise<string> {
  return readlink(`/proc/${pid}/ns/net`).catch(() => "");
}

async function linkExists(runner: Runner, name: string): Promise<boolean> {
  return (await runner.run(["ip", "link", "show", "dev", name])).code === 0;
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}
