import { base64urlFromBytes } from "../../../packages/core/src/encoding/base64url.ts";
import type { JsonObject, JsonValue } from "../../../packages/core/src/encoding/json.ts";
import { kindTable } from "../../../packages/core/src/kinds/kinds.ts";
import * as LIMITS from "../../../packages/core/src/limits.ts";
import { rfc3339FromMs } from "../../../packages/core/src/time.ts";
import {
  bytesOf,
  clientIdOf,
  hexFromBytes,
  identityOf,
  licenseIdOf,
  NOW,
  peerBody,
  rotationIdOf,
  serviceBody,
  serviceIdOf,
} from "../../../packages/core/test/support/fixtures.ts";

const alice = identityOf("alice").peerId;
const bob = identityOf("bob").peerId;
const time = rfc3339FromMs(NOW);
const key = base64urlFromBytes(bytesOf("some key"));
const fingerprint = hexFromBytes(bytesOf("a certificate"));

const BODY_BY_KIND: Readonly<Record<string, JsonObject>> = {
  peer: {
    ...peerBody(alice, "alice"),
    entry: { role: "server", claimed_at: time },
    tunnel: { public_key: key, port: 51820 },
    pegasus: { port: 1, tls_fingerprint: fingerprint },
  },
  service: serviceBody(bob, {
    requires_interface: true,
    fully_transparent: true,
    desired_ipv4_cidr: "192.0.2.7/24",
    desired_ipv6_cidr: "2001:db8::7/64",
  }),
  admission: { introduced_at: time },
  revocation: { reason: "lost", revoked_at: time },
  credential: { secret_hash: key, scopes: ["a", "b"], license_id: licenseIdOf("first"), created_at: time },
  connectivity: {
    peers: [{ peer_id: bob, reachable: false, rtt_ms: 12, last_seen_at: time, confirmed: 1 }],
  },
  rotation: { client_id: clientIdOf("shared"), secret_hash: key, replaces: rotationIdOf("first"), rotated_at: time },
};

/** Ids and bodies of every kind. Each body case is one right body with one thing changed. */
export function kindVectors() {
  const kinds = kindTable();
  return {
    description:
      "`kinds`: the definitions; `unknown`: the limits of a kind that is not known. `ids`: whether the owner `owner` may write a record of this kind under this id. `bodies`: whether a body has the kind's shape; a wrong one is record_body_refused. `complete` has every field, each case changes one thing in it: `set` (path and value) or `remove` (path).",
    kinds: [...kinds.values()].map(({ name, group, lasting, isDeletable, limitPerOwner }) => ({
      name,
      group,
      lasting,
      is_deletable: isDeletable,
      limit_per_owner: limitPerOwner,
    })),
    unknown: { limit_per_owner: LIMITS.unknownKindPerOwner, tombstones_per_live: LIMITS.tombstonesPerLive },
    ids: ids(),
    complete: BODY_BY_KIND,
    bodies: bodies(),
  };
}

function ids() {
  const of = (kind: string, id: string, valid: boolean) => ({ kind, owner: alice, id, valid });
  const service = serviceIdOf("web");
  return [
    of("peer", alice, true),
    of("peer", bob, false),
    of("service", service, true),
    of("service", alice, false),
    of("service", service.toLowerCase(), false),
    of("admission", bob, true),
    of("admission", alice, false),
    of("admission", service, false),
    of("revocation", bob, true),
    of("revocation", alice, true),
    of("revocation", clientIdOf("some"), true),
    of("revocation", service, false),
    of("credential", clientIdOf("some"), true),
    of("credential", rotationIdOf("some"), false),
    of("connectivity", alice, true),
    of("connectivity", bob, false),
    of("rotation", rotationIdOf("some"), true),
    of("rotation", clientIdOf("some"), false),
  ];
}

interface BodyCase {
  readonly kind: string;
  readonly path: readonly (string | number)[];
  readonly value?: JsonValue;
  readonly valid: boolean;
}

function bodies(): BodyCase[] {
  return Object.keys(BODY_BY_KIND).flatMap((kind) => [
    ...missing(kind),
    { kind, path: ["a_field_of_tomorrow"], value: { x: [1] }, valid: true },
    ...(CHANGES[kind] ?? []).flatMap(([path, right, wrong]) => [
      ...right.map((value) => ({ kind, path: path.split("."), value, valid: true })),
      ...wrong.map((value) => ({ kind, path: path.split("."), value, valid: false })),
    ]),
  ]);
}

const MAY_BE_ABSENT = new Set(["entry", "tunnel", "pegasus", "desired_ipv4_cidr", "desired_ipv6_cidr", "replaces"]);

function missing(kind: string): BodyCase[] {
  return Object.keys(BODY_BY_KIND[kind] ?? {}).map((field) => ({
    kind,
    path: [field],
    valid: MAY_BE_ABSENT.has(field),
  }));
}

type Change = readonly [path: string, right: readonly JsonValue[], wrong: readonly JsonValue[]];

const TIMES: Change[1] = ["2026-01-01T00:00:00Z"];
const NO_TIMES: Change[2] = ["2026-01-01", "", 5, null];
const KEYS: Change[1] = ["A".repeat(43)];
const NO_KEYS: Change[2] = ["A".repeat(42), `${"A".repeat(42)}B`, `${"A".repeat(43)}=`, "", null];
const PORTS: Change[1] = [1, 65535];
const NO_PORTS: Change[2] = [0, 65536, -1, "80", null];
const NO_FINGERPRINTS: Change[2] = [fingerprint.toUpperCase(), fingerprint.slice(1), `${fingerprint}0`, "", null];
const route = { route_id: 7, priority: 0, dest_cidr: "192.0.2.0/24" };
const CHANGES: Readonly<Record<string, readonly Change[]>> = {
  peer: [
    ["name", ["", "x".repeat(128), "häl😀lo", "😀".repeat(128)], ["x".repeat(129), "😀".repeat(129), 5, null]],
    ["description", ["", "x".repeat(1024)], ["x".repeat(1025), null]],
    [
      "addresses",
      [
        [],
        ["a:0"],
        [`${"a".repeat(259)}:80`],
        ["a.example:1", "[::1]:65535", "192.0.2.1:00080"],
        Array.from({ length: 16 }, () => "h:1"),
      ],
      [
        Array.from({ length: 17 }, () => "h:1"),
        ["a.example"],
        ["a.example:65536"],
        ["a.example:123456"],
        ["::1:80"],
        ["[]:80"],
        ["a:"],
        ["[::1]"],
        ["[FE80::1]:80"],
        ["a_b:80"],
        [":80"],
        ["a:80\n"],
        [`${"a".repeat(260)}:80`],
        "a:80",
        null,
      ],
    ],
    ["api_access", ["full", "internal"], ["Full", "", null, true]],
    ["entry", [], [null, [], "server", {}]],
    ["entry.role", ["server", "fallback", "none"], ["primary", null]],
    ["entry.claimed_at", TIMES, NO_TIMES],
    ["cluster.id", [], [alice, "", null]],
    ["cluster.minted_by", [bob], [serviceIdOf("web"), "", null]],
    ["cluster.founded", [true, false], ["true", 1, null]],
    ["cluster.note", ["kept"], []],
    ["tunnel.public_key", KEYS, NO_KEYS],
    ["tunnel.port", PORTS, NO_PORTS],
    ["pegasus.port", PORTS, NO_PORTS],
    ["pegasus.tls_fingerprint", ["0".repeat(64)], NO_FINGERPRINTS],
    ["tls_fingerprint", ["0".repeat(64)], NO_FINGERPRINTS],
    ["agent_version", ["", "x".repeat(64)], ["x".repeat(65), null]],
    ["created_at", TIMES, NO_TIMES],
  ],
  service: [
    ["name", ["", "x".repeat(128)], ["x".repeat(129), null]],
    ["target_peer_id", [alice], [serviceIdOf("web"), bob.toLowerCase(), null]],
    ["transport_type", ["tcp"], ["udp", "TCP", null]],
    ["requires_interface", [], [false, "true", null]],
    ["fully_transparent", [false], ["true", 1, null]],
    [
      "desired_ipv4_cidr",
      ["10.0.0.1/8", "0.0.0.0/0"],
      ["10.0.0.1", "010.0.0.1/8", "10.0.0.1/33", "::1/64", "10.0.0.1/8/8", null],
    ],
    [
      "desired_ipv6_cidr",
      ["::1/128", "fd00::7/64"],
      ["FD00::7/64", "::ffff:a00:1/104", "fd00::7/129", "fd00::7/064", "10.0.0.1/8", null],
    ],
    ["bandwidth_limit_mbps", [0, 2 ** 53 - 1], [-1, "0", null]],
    [
      "routes",
      [
        [],
        [{ ...route, note: "kept" }],
        [{ route_id: 1, priority: -5, source_cidr: "fd00::/8" }],
        [{ ...route, source_cidr: "10.0.0.0/8" }],
        Array.from({ length: 256 }, (_, index) => ({ ...route, route_id: index + 1 })),
      ],
      [
        null,
        {},
        [{ route_id: 7, priority: 0 }],
        [{ ...route, route_id: 0 }],
        [{ ...route, route_id: "7" }],
        [{ ...route, priority: null }],
        [{ ...route, dest_cidr: "192.0.2.1/24" }],
        [{ ...route, source_cidr: "fd00::/8" }],
        [{ ...route, source_cidr: null }],
        [route, route],
        Array.from({ length: 257 }, (_, index) => ({ ...route, route_id: index + 1 })),
      ],
    ],
    ["created_at", TIMES, NO_TIMES],
  ],
  admission: [["introduced_at", TIMES, NO_TIMES]],
  revocation: [
    ["reason", ["", "x".repeat(1024)], ["x".repeat(1025), null]],
    ["revoked_at", TIMES, NO_TIMES],
  ],
  credential: [
    ["secret_hash", KEYS, NO_KEYS],
    [
      "scopes",
      [[], Array.from({ length: 32 }, () => "x".repeat(128))],
      [Array.from({ length: 33 }, () => "x"), ["x".repeat(129)], [1], "a", null],
    ],
    ["license_id", [], ["lic_1", alice, null]],
    ["created_at", TIMES, NO_TIMES],
  ],
  connectivity: [
    [
      "peers",
      [
        [],
        [{ peer_id: bob, reachable: true }],
        [{ peer_id: bob, reachable: true, rtt_ms: 0, confirmed: 0, note: "kept" }],
        [{ peer_id: bob, reachable: true, rtt_ms: 3_600_000 }],
        Array.from({ length: 64 }, () => ({ peer_id: bob, reachable: true })),
      ],
      [
        null,
        {},
        [{ peer_id: bob }],
        [{ reachable: true }],
        [{ peer_id: "peer_1", reachable: true }],
        [{ peer_id: bob, reachable: 1 }],
        [{ peer_id: bob, reachable: true, rtt_ms: -1 }],
        [{ peer_id: bob, reachable: true, rtt_ms: 3_600_001 }],
        [{ peer_id: bob, reachable: true, last_seen_at: "now" }],
        [{ peer_id: bob, reachable: true, confirmed: -1 }],
        [{ peer_id: bob, reachable: true, confirmed: null }],
        Array.from({ length: 65 }, () => ({ peer_id: bob, reachable: true })),
      ],
    ],
  ],
  rotation: [
    ["client_id", [], [rotationIdOf("some"), null]],
    ["secret_hash", KEYS, NO_KEYS],
    ["replaces", [], [clientIdOf("some"), "", null]],
    ["rotated_at", TIMES, NO_TIMES],
  ],
};
