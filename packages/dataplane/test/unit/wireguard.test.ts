import { expect, test } from "vitest";
import type { DesiredTunnelPeer } from "../../src/kernel/desired.ts";
import { createMemoryRunner } from "../../src/kernel/memory-runner.ts";
import { hasKernelWireguard, statusFromDump, wireguardConfigText } from "../../src/tempest/kernel-wireguard.ts";
import { type UapiDevice, uapiChange, uapiDeviceFrom } from "../../src/tempest/uapi.ts";
import { PEER_A, PEER_B } from "./support/example.ts";

const KEY_HEX = "11".repeat(32);
const KEY = Buffer.from(KEY_HEX, "hex").toString("base64url");
const OTHER_HEX = "22".repeat(32);
const peerOf = (more: Partial<DesiredTunnelPeer> = {}): DesiredTunnelPeer => ({
  peerId: PEER_B,
  publicKey: KEY,
  endpoint: { address: "10.71.2.2", port: 51_840 },
  overlayAddress: "fd61:7263:7469::b",
  ...more,
});
const config = (...peers: DesiredTunnelPeer[]) => ({ privateKey: new Uint8Array(32), listenPort: 51_840, peers });
const EMPTY: UapiDevice = { listenPort: 0, hasKey: false, peers: [] };

test("a fresh device gets key, port and peers in one request", () => {
  expect(uapiChange(EMPTY, config(peerOf()), new Map())?.split("\n")).toEqual([
    "set=1",
    `private_key=${"00".repeat(32)}`,
    "listen_port=51840",
    `public_key=${KEY_HEX}`,
    "endpoint=10.71.2.2:51840",
    "persistent_keepalive_interval=25",
    "replace_allowed_ips=true",
    "allowed_ip=fd61:7263:7469::b/128",
    "",
    "",
  ]);
});

const ANSWER = [
  "private_key=00",
  "listen_port=51840",
  `public_key=${KEY_HEX}`,
  "endpoint=10.9.9.9:1234",
  "last_handshake_time_sec=1700000000",
  "last_handshake_time_nsec=500000000",
  "tx_bytes=10",
  "rx_bytes=20",
  "persistent_keepalive_interval=25",
  "allowed_ip=fd61:7263:7469::b/128",
  "errno=0",
];

test("what a device answers is read back", () => {
  expect(uapiDeviceFrom(ANSWER)).toEqual({
    listenPort: 51_840,
    hasKey: true,
    peers: [
      {
        publicKey: KEY,
        handshakeAt: 1_700_000_000_500,
        bytesIn: 20,
        bytesOut: 10,
        keepaliveS: 25,
        allowedIps: ["fd61:7263:7469::b/128"],
      },
    ],
  });
});

test("a device that is as it should be gets no request, even when the peer has roamed", () => {
  const planned = new Map([[KEY, "10.71.2.2:51840"]]);
  expect(uapiChange(uapiDeviceFrom(ANSWER), config(peerOf()), planned)).toBeUndefined();
});

test("a peer whose planned endpoint changed gets the new one, and nothing else is touched", () => {
  const planned = new Map([[KEY, "10.71.2.2:51840"]]);
  const change = uapiChange(
    uapiDeviceFrom(ANSWER),
    config(peerOf({ endpoint: { address: "fd71:2::2", port: 51_841 } })),
    planned,
  );
  expect(change).toBe(`set=1\npublic_key=${KEY_HEX}\nendpoint=[fd71:2::2]:51841\n\n`);
});

test("a peer that is gone from the plan is removed", () => {
  const other = peerOf({
    peerId: PEER_A,
    publicKey: Buffer.from(OTHER_HEX, "hex").toString("base64url"),
    overlayAddress: "fd61:7263:7469::a",
  });
  const change = uapiChange(uapiDeviceFrom(ANSWER), config(other), new Map());
  expect(change).toContain(`public_key=${KEY_HEX}\nremove=true\npublic_key=${OTHER_HEX}\nendpoint=`);
});

test("the kernel's WireGuard gets the same as a configuration for wg syncconf", () => {
  expect(wireguardConfigText(config(peerOf()))).toBe(
    [
      "[Interface]",
      `PrivateKey = ${Buffer.alloc(32).toString("base64")}`,
      "ListenPort = 51840",
      "",
      "[Peer]",
      `PublicKey = ${Buffer.from(KEY_HEX, "hex").toString("base64")}`,
      "AllowedIPs = fd61:7263:7469::b/128",
      "Endpoint = 10.71.2.2:51840",
      "PersistentKeepalive = 25",
      "",
    ].join("\n"),
  );
});

test("wg's dump is read by key", () => {
  const dump = `private\tpublic\t51840\toff\n${Buffer.from(KEY_HEX, "hex").toString("base64")}\t(none)\t10.71.2.2:51840\tfd61::b/128\t1700000000\t20\t10\t25\n`;
  expect(statusFromDump(dump)).toEqual(new Map([[KEY, { handshakeAt: 1_700_000_000_000, bytesIn: 20, bytesOut: 10 }]]));
});

test("the kernel is asked for WireGuard by making an interface, which is taken away again", async () => {
  const able = createMemoryRunner(() => ({}));
  expect(await hasKernelWireguard(able)).toBe(true);
  expect(able.recorded.map(({ argv }) => argv[2])).toEqual(["add", "delete"]);
  const unable = createMemoryRunner(() => ({ code: 2, stderr: "Error: Unknown device type." }));
  expect(await hasKernelWireguard(unable)).toBe(false);
});
