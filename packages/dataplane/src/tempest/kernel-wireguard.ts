import { rm, writeFile } from "node:fs/promises";
import { type Runner, runOrThrow } from "../kernel/runner.ts";
import {
  base64FromKey,
  endpointText,
  KEEPALIVE_S,
  keyFromBase64,
  type Wireguard,
  type WireguardConfig,
  type WireguardPeerStatus,
} from "./wireguard.ts";

export interface KernelOptions {
  readonly name: string;
  readonly runner: Runner;
  /** A path in a folder that only we can read; the configuration, key and all, lies there while `wg` reads it. */
  readonly configPath: string;
}

/** The kernel's own WireGuard, driven through `wg`. The interface outlives this process. */
export function kernelWireguard({ name, runner, configPath }: KernelOptions): Wireguard {
  const exists = async (): Promise<boolean> => (await runner.run(["ip", "link", "show", "dev", name])).code === 0;
  return {
    backend: "kernel",
    up: async () => {
      if (!(await exists())) await runOrThrow(runner, ["ip", "link", "add", "name", name, "type", "wireguard"]);
    },
    configure: async (config) => {
      await writeFile(configPath, wireguardConfigText(config), { mode: 0o600 });
      try {
        await runOrThrow(runner, ["wg", "syncconf", name, configPath]);
      } finally {
        await rm(configPath, { force: true });
      }
    },
    status: async () => {
      const { code, stdout } = await runner.run(["wg", "show", name, "dump"]);
      return code === 0 ? statusFromDump(stdout) : new Map();
    },
    down: async () => {
      if (await exists()) await runOrThrow(runner, ["ip", "link", "delete", "dev", name]);
    },
  };
}

/** Asks the kernel by doing: a built-in module is in no list. The probe is taken away at once. */
export async function hasKernelWireguard(runner: Runner): Promise<boolean> {
  const probe = `arctic-wg${process.pid % 100_000}`;
  const made = await runner.run(["ip", "link", "add", "name", probe, "type", "wireguard"]);
  if (made.code !== 0) return false;
  await runner.run(["ip", "link", "delete", "dev", probe]);
  return true;
}

export function wireguardConfigText({ privateKey, listenPort, peers }: WireguardConfig): string {
  return [
    "[Interface]",
    `PrivateKey = ${Buffer.from(privateKey).toString("base64")}`,
    `ListenPort = ${listenPort}`,
    ...peers.flatMap((peer) => [
      "",
      "[Peer]",
      `PublicKey = ${base64FromKey(peer.publicKey)}`,
      ...(peer.type === "standby"
        ? ["PersistentKeepalive = off"]
        : [
            `AllowedIPs = ${peer.overlayAddress}/128`,
            `Endpoint = ${endpointText(peer.endpoint)}`,
            `PersistentKeepalive = ${KEEPALIVE_S}`,
          ]),
    ]),
    "",
  ].join("\n");
}

/** Reads `wg show NAME dump`: the interface's line, then one a peer, fields by tab. */
export function statusFromDump(text: string): Map<string, WireguardPeerStatus> {
  const status = new Map<string, WireguardPeerStatus>();
  for (const line of text.trim().split("\n").slice(1)) {
    const [publicKey, , , , handshakeAtS, bytesIn, bytesOut] = line.split("\t");
    if (publicKey === undefined) continue;
    status.set(keyFromBase64(publicKey), {
      handshakeAt: Number(handshakeAtS) === 0 ? undefined : Number(handshakeAtS) * 1000,
      bytesIn: Number(bytesIn),
      bytesOut: Number(bytesOut),
    });
  }
  return status;
}
