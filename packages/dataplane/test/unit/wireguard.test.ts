import { expect, test } from "vitest";
import { createMemoryRunner } from "../../src/kernel/memory-runner.ts";
import { hasKernelWireguard, statusFromDump, wireguardConfigText } from "../../src/tempest/kernel-wireguard.ts";
import { type UapiDevice, uapiChange, uapiDeviceFrom } from "../../src/tempest/uapi.ts";
import type { WireguardPeer } from "../../src/tempest/wireguard.ts";

const KEY_HEX = "11".repeat(32);
const KEY = Buffer.from(KEY_HEX, "hex").toString("base64url");
const OTHER_HEX = "22".repeat(32);
type Carrying = Extract<WireguardPeer, { type: "carrying" }>;
const peerOf = (more: Partial<Carrying> = {}): Carrying => ({
  type: "carrying",
  publicKey: KEY,
  endpoint: { address: "10.71.2.2", port: 51_840 },
  overlayAddress: "fd61:7263:7469::b",
  ...more,
});
const STANDBY: WireguardPeer = { type: "standby", publicKey: Buffer.from(OTHER_HEX, "hex").toString("base64url") };
const config = (...peers: WireguardPeer[]) => ({ privateKey: new Uint8Array(32), listenPort: 51_840, peers });
const EMPTY: UapiDevice = { listenPort: 0, privateKey: "", peers: [] };
const ZEROS = "00".repeat(32);

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
  `private_key=${ZEROS}`,
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
    privateKey: ZEROS,
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
    publicKey: Buffer.from(OTHER_HEX, "hex").toString("base64url"),
    overlayAddress: "fd61:7263:7469::a",
  });
  const change = uapiChange(uapiDeviceFrom(ANSWER), config(other), new Map());
  expect(change).toContain(`public_key=${KEY_HEX}\nremove=true\npublic_key=${OTHER_HEX}\nendpoint=`);
});

test("a peer's next key stands by: it gets no address and no keepalive, and the key that carries is not touched", () => {
  const planned = new Map([[KEY, "10.71.2.2:51840"]]);
  const change = uapiChange(uapiDeviceFrom(ANSWER), config(peerOf(), STANDBY), planned);
  expect(change).toBe(`set=1\npublic_key=${OTHER_HEX}\n\n`);
  const known = uapiDeviceFrom([...ANSWER.slice(0, -1), `public_key=${OTHER_HEX}`, "errno=0"]);
  expect(uapiChange(known, config(peerOf(), STANDBY), planned)).toBeUndefined();
});

test("when a peer's next key carries, the key before it goes and the address moves in one request", () => {
  const known = uapiDeviceFrom([...ANSWER.slice(0, -1), `public_key=${OTHER_HEX}`, "errno=0"]);
  expect(uapiChange(known, config(peerOf({ publicKey: STANDBY.publicKey })), new Map())?.split("\n")).toEqual([
    "set=1",
    `public_key=${KEY_HEX}`,
    "remove=true",
    `public_key=${OTHER_HEX}`,
    "endpoint=10.71.2.2:51840",
    "persistent_keepalive_interval=25",
    "replace_allowed_ips=true",
    "allowed_ip=fd61:7263:7469::b/128",
    "",
    "",
  ]);
});

test("a key that carried and stands by again loses its address and its keepalive", () => {
  const standby: WireguardPeer = { type: "standby", publicKey: KEY };
  expect(uapiChange(uapiDeviceFrom(ANSWER), config(standby), new Map())).toBe(
    `set=1\npublic_key=${KEY_HEX}\npersistent_keepalive_interval=0\nreplace_allowed_ips=true\n\n`,
  );
});

test("a key of our own that the device does not have is given to it, and nothing else", () => {
  const planned = new Map([[KEY, "10.71.2.2:51840"]]);
  const wanted = { ...config(peerOf()), privateKey: new Uint8Array(32).fill(7) };
  expect(uapiChange(uapiDeviceFrom(ANSWER), wanted, planned)).toBe(`set=1\nprivate_key=${"07".repeat(32)}\n\n`);
});

test("the kernel's WireGuard is told of a key that stands by, without an address", () => {
  expect(wireguardConfigText(config(peerOf(), STANDBY)).split("\n").slice(-5)).toEqual([
    "",
    "[Peer]",
    `PublicKey = ${Buffer.from(OTHER_HEX, "hex").toString("base64")}`,
    "PersistentKeepalive = off",
    "",
  ]);
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
