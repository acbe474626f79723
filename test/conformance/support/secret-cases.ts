import { base64urlFromBytes } from "../../../packages/core/src/encoding/base64url.ts";
import { HOUR_MS } from "../../../packages/core/src/time.ts";
import {
  acceptedSecrets,
  currentSecret,
  type Secret,
  type SecretName,
} from "../../../packages/core/src/trust/secrets.ts";
import { bytesOf, clientIdOf, NOW, rotationIdOf } from "../../../packages/core/test/support/fixtures.ts";

const client = clientIdOf("shared");
const [one, two, three, four] = ["one", "two", "three", "four"].map(rotationIdOf).sort() as [
  SecretName,
  SecretName,
  SecretName,
  SecretName,
];
const GRACE_MS = 24 * HOUR_MS;
/** Hours are from `NOW`. */
const secret = (name: SecretName, version: number, hour: number, replaces?: SecretName): Secret => ({
  name,
  secretHash: base64urlFromBytes(bytesOf(`hash of ${name}`)),
  version,
  rotatedAt: NOW + hour * HOUR_MS,
  replaces,
});
const first = secret(client, 1, -1000);

interface Facts {
  /** Hours from `NOW`. */
  readonly now: number;
  readonly learned?: Readonly<Record<string, number>>;
  readonly outlived?: number;
}

/** Which secrets of one client open, and until when. */
export function secretVectors() {
  return {
    description:
      "The secrets of one client (`follows` is null for the credential's own), what a peer remembers (`replaced_at`: when a secret that was current here was found to have lost; `outlived_at`: since when the client is an alias's), and what opens at `now_ms`: [name, until_ms], until_ms null for the current one.",
    cases: [
      secrets("nothing", [], { now: 0 }),
      secrets("the first alone", [first], { now: 0 }),
      secrets("rotated an hour ago: both open", [first, secret(one, 5, -1, client)], { now: 0 }),
      secrets("a millisecond before its end", [first, secret(one, 5, -24, client)], { now: -1 / HOUR_MS }),
      secrets("at its end", [first, secret(one, 5, -24, client)], { now: 0 }),
      secrets("rotated twice", [first, secret(one, 5, -3, client), secret(two, 6, -1, one)], { now: 0 }),
      secrets("twice, the first a day ago", [first, secret(one, 5, -25, client), secret(two, 6, -1, one)], { now: 0 }),
      secrets("two at once: the higher is current", [first, secret(one, 5, -2, client), secret(two, 6, -1, client)], {
        now: 0,
      }),
      secrets(
        "two at once, here the loser was current",
        [first, secret(one, 5, -40, client), secret(two, 6, -39, client)],
        {
          now: 0,
          learned: { [one]: -1 },
        },
      ),
      secrets(
        "two at once, here the loser never was current",
        [first, secret(one, 5, -40, client), secret(two, 6, -39, client)],
        {
          now: 0,
        },
      ),
      secrets("equal versions: the larger id", [first, secret(one, 5, -2, client), secret(two, 5, -1, client)], {
        now: 0,
      }),
      secrets(
        "a rotation of a lower version than the credential's",
        [secret(client, 9, -9), secret(one, 5, -2, client)],
        {
          now: 0,
        },
      ),
      secrets(
        "a tree: two follow one, one follows the loser",
        [
          first,
          secret(one, 5, -9, client),
          secret(two, 6, -5, one),
          secret(three, 7, -4, one),
          secret(four, 8, -2, two),
        ],
        { now: 0, learned: { [three]: -1 } },
      ),
      secrets("what it follows is not known here", [first, secret(two, 6, -1, one)], { now: 0 }),
      secrets("an alias's client: all grace", [first, secret(one, 5, -30, client)], { now: 0, outlived: -23 }),
      secrets("an alias's client: its end", [first, secret(one, 5, -30, client)], { now: 0, outlived: -24 }),
      secrets("an alias's client: a secret that ends earlier", [first, secret(one, 5, -20, client)], {
        now: 0,
        outlived: -1,
      }),
    ],
  };
}

function secrets(name: string, all: readonly Secret[], { now, learned = {}, outlived }: Facts) {
  const at = (hour: number) => NOW + hour * HOUR_MS;
  const replacedAt = Object.fromEntries(Object.entries(learned).map(([secretName, hour]) => [secretName, at(hour)]));
  const outlivedAt = outlived === undefined ? undefined : at(outlived);
  const accepted = acceptedSecrets(all, {
    now: at(now),
    graceMs: GRACE_MS,
    replacedAt: new Map(Object.entries(replacedAt) as [SecretName, number][]),
    outlivedAt,
  });
  return {
    name,
    now_ms: at(now),
    secrets: all.map(({ name: secretName, version, rotatedAt, replaces }) => ({
      name: secretName,
      version,
      at_ms: rotatedAt,
      follows: replaces ?? null,
    })),
    replaced_at: replacedAt,
    outlived_at: outlivedAt ?? null,
    current: currentSecret(all)?.name ?? null,
    accepted: accepted.map(({ secret: { name: secretName }, until }) => [secretName, until ?? null]).sort(),
  };
}
