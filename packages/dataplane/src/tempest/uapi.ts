import { connect } from "node:net";
import {
  endpointText,
  KEEPALIVE_S,
  type WireguardConfig,
  type WireguardPeer,
  type WireguardPeerStatus,
} from "./wireguard.ts";

/** WireGuard's cross-platform configuration protocol, as `wireguard-go` speaks it on its unix socket. Keys are hex there. */

const ANSWER_LIMIT_MS = 5_000;

/** What `get=1` says of a peer that bears on whether it must be configured anew. */
export interface UapiPeer extends WireguardPeerStatus {
  /** Base64url. */
  readonly publicKey: string;
  readonly allowedIps: readonly string[];
  readonly keepaliveS: number;
}

export interface UapiDevice {
  readonly listenPort: number;
  /** Hex; empty where it has none. */
  readonly privateKey: string;
  readonly peers: readonly UapiPeer[];
}

/** Sends one request and resolves with the answer's lines. Throws with the errno when the request was refused. */
export function uapiRequest(path: string, request: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = "";
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setEncoding("utf8");
    socket.setTimeout(ANSWER_LIMIT_MS, () => fail(new Error(`no answer on ${path} within ${ANSWER_LIMIT_MS} ms`)));
    socket.on("error", fail);
    socket.on("connect", () => socket.write(request));
    socket.on("close", () => fail(new Error(`${path} was closed before it answered`)));
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (!text.endsWith("\n\n")) return;
      socket.removeAllListeners("close");
      socket.destroy();
      const lines = text.trim().split("\n");
      const errno = lines.find((line) => line.startsWith("errno="));
      if (errno === "errno=0") resolve(lines);
      else reject(new Error(`${path} refused the request: ${errno ?? "no errno"}`));
    });
  });
}

export function uapiDeviceFrom(lines: readonly string[]): UapiDevice {
  let listenPort = 0;
  let privateKey = "";
  const peers: PeerDraft[] = [];
  for (const line of lines) {
    const at = line.indexOf("=");
    const key = line.slice(0, at);
    const value = line.slice(at + 1);
    const peer = peers.at(-1);
    if (key === "public_key") peers.push(newPeer(value));
    else if (key === "listen_port") listenPort = Number(value);
    else if (key === "private_key") privateKey = value;
    else if (peer !== undefined) readPeerLine(peer, key, value);
  }
  return { listenPort, privateKey, peers: peers.map(finish) };
}

/**
 * The request that leads from the device as it is to the configuration; undefined when nothing differs. An endpoint is
 * set for a new peer and where the plan's own word changed, so that a peer that roamed stays where it is.
 */
export function uapiChange(
  device: UapiDevice,
  config: WireguardConfig,
  plannedEndpoints: ReadonlyMap<string, string>,
): string | undefined {
  const known = new Map(device.peers.map((peer) => [peer.publicKey, peer]));
  const wanted = new Set(config.peers.map((peer) => peer.publicKey));
  const privateKey = Buffer.from(config.privateKey).toString("hex");
  const lines = [
    ...(device.privateKey === privateKey ? [] : [`private_key=${privateKey}`]),
    ...(device.listenPort === config.listenPort ? [] : [`listen_port=${config.listenPort}`]),
    ...device.peers
      .filter((peer) => !wanted.has(peer.publicKey))
      .flatMap((peer) => [`public_key=${hexKey(peer.publicKey)}`, "remove=true"]),
    ...config.peers.flatMap((peer) => peerLines(peer, known.get(peer.publicKey), plannedEndpoints.get(peer.publicKey))),
  ];
  return lines.length === 0 ? undefined : `set=1\n${lines.join("\n")}\n\n`;
}

function peerLines(peer: WireguardPeer, found: UapiPeer | undefined, planned: string | undefined): string[] {
  if (peer.type === "standby") return standbyLines(peer.publicKey, found);
  const allowedIp = `${peer.overlayAddress}/128`;
  const endpoint = endpointText(peer.endpoint);
  const lines = [
    ...(found !== undefined && planned === endpoint ? [] : [`endpoint=${endpoint}`]),
    ...(found?.keepaliveS === KEEPALIVE_S ? [] : [`persistent_keepalive_interval=${KEEPALIVE_S}`]),
    ...(found?.allowedIps.length === 1 && found.allowedIps[0] === allowedIp
      ? []
      : ["replace_allowed_ips=true", `allowed_ip=${allowedIp}`]),
  ];
  return lines.length === 0 ? [] : [`public_key=${hexKey(peer.publicKey)}`, ...lines];
}

/** Without an address nothing is sent to it, and without a keepalive no handshake begins here. */
function standbyLines(publicKey: string, found: UapiPeer | undefined): string[] {
  if (found === undefined) return [`public_key=${hexKey(publicKey)}`];
  const lines = [
    ...(found.keepaliveS === 0 ? [] : ["persistent_keepalive_interval=0"]),
    ...(found.allowedIps.length === 0 ? [] : ["replace_allowed_ips=true"]),
  ];
  return lines.length === 0 ? [] : [`public_key=${hexKey(publicKey)}`, ...lines];
}

interface PeerDraft {
  readonly publicKey: string;
  readonly allowedIps: string[];
  handshakeAtMs: number;
  bytesIn: number;
  bytesOut: number;
  keepaliveS: number;
}

const newPeer = (hex: string): PeerDraft => ({
  publicKey: Buffer.from(hex, "hex").toString("base64url"),
  allowedIps: [],
  handshakeAtMs: 0,
  bytesIn: 0,
  bytesOut: 0,
  keepaliveS: 0,
});

function readPeerLine(peer: PeerDraft, key: string, value: string): void {
  if (key === "allowed_ip") peer.allowedIps.push(value);
  else if (key === "rx_bytes") peer.bytesIn = Number(value);
  else if (key === "tx_bytes") peer.bytesOut = Number(value);
  else if (key === "persistent_keepalive_interval") peer.keepaliveS = Number(value);
  else if (key === "last_handshake_time_sec") peer.handshakeAtMs += Number(value) * 1000;
  else if (key === "last_handshake_time_nsec") peer.handshakeAtMs += Math.floor(Number(value) / 1_000_000);
}

function finish({ handshakeAtMs, ...peer }: PeerDraft): UapiPeer {
  return { ...peer, handshakeAt: handshakeAtMs === 0 ? undefined : handshakeAtMs };
}

const hexKey = (key: string): string => Buffer.from(key, "base64url").toString("hex");
