import * as all from "./limits.ts";

/** The limits that who embeds core may have to know. Units are in the names. */
export const LIMITS = {
  recordBytes: all.recordBytes,
  frameBytes: all.frameBytes,
  servicesPerPeer: all.servicesPerPeer,
  routesPerService: all.routesPerService,
  fullMeshPeers: all.fullMeshPeers,
  versionAheadMs: all.versionAheadMs,
  horizonMs: all.horizonMs,
  freshWindowMs: all.freshWindowMs,
  secretGraceMs: all.secretGraceMs,
  clockToleranceMs: all.clockToleranceMs,
} as const;
