import { base64urlFromBytes, createClusterNode, type Identity, type License, type LicenseRoot } from "@arctic/core";
import { systemClock } from "../../src/clock.ts";
import { Driver, type DriverOptions } from "../../src/driver.ts";
import { silentLog } from "../../src/log.ts";
import { crypto } from "./records.ts";

export interface BareDriverParts
  extends Pick<DriverOptions, "store" | "transport">,
    Partial<Pick<DriverOptions, "clock" | "log" | "onNotice">> {
  readonly identity: Identity;
  readonly roots: readonly LicenseRoot[];
  readonly license: License;
  /** For so long a first contact is accepted, from the start on. */
  readonly freshMs?: number;
}

/** A driver and its node with no agent about them. It is not started. */
export function bareDriver({ identity, roots, license, freshMs, ...options }: BareDriverParts): Driver {
  return new Driver({
    self: identity.peerId,
    clock: systemClock,
    log: silentLog,
    onNotice: () => undefined,
    createNode: (stored, startedAt) =>
      createClusterNode({
        crypto,
        identity,
        roots,
        license,
        bootId: base64urlFromBytes(crypto.randomBytes(8)),
        stored,
        heartbeatEveryMs: 1000,
        startedAt,
        ...(freshMs === undefined ? {} : { fresh: { until: startedAt + freshMs } }),
      }),
    ...options,
  });
}
