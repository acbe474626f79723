import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "./time.ts";

/** Every limit that core enforces. Units are in the names. */
export const LIMITS = {
  recordBytes: 8 * 1024,
  frameBytes: 1024 * 1024,
  /** Frames that carry records stay below this, so that a frame of full records never meets `frameBytes`. */
  pageBytes: 32 * 1024,
  /** So much of records goes to a link before it says that it heard them; so few records never wait. */
  windowChars: 128 * 1024,
  unpacedRecords: 8,
  parseDepth: 16,
  signedDepth: 8,
  versionAheadMs: 10 * MINUTE_MS,
  horizonMs: 30 * DAY_MS,
  renewAfterDays: { from: 8, to: 14 },
  servicesPerPeer: 1000,
  admissionsPerOwner: 4096,
  lastingPerOwner: 256,
  unknownKindPerOwner: 256,
  /** An owner may delete this many times as many as it may have. */
  tombstonesPerLive: 4,
  routesPerService: 256,
  /** How long a peer that knows others waits for one of them before it renews its own records. */
  takeBackMs: 10 * SECOND_MS,
  /** How long the repair after a heartbeat takes at most, where nothing is lost. */
  repairMs: 2 * SECOND_MS,
  /** Sketches are shown to one link at most this often. */
  sketchEveryMs: 500,
  evidenceKept: 16,
  challengeMs: 30 * SECOND_MS,
  pendingHandshakes: 64,
  /** A link that a newer one of the same dialler replaced is closed after this, if its dialler has not closed it. */
  replacedLinkMs: 10 * SECOND_MS,
  refusalsPerMinute: 20,
  freshWindowMs: HOUR_MS,
  invitationMs: HOUR_MS,
  fullMeshPeers: 32,
  pushLinks: 6,
  offerEntries: 1024,
  /** How long an offer of what became current waits at most, for others that go with it. */
  offerAfterMs: 100,
  /** What became current is passed on at most this often, so that a single change goes on at once; many together, less. */
  newsEveryMs: 100,
  newsOfManyEveryMs: 300,
  newsMany: 8,
  /** How often a watched peer is pinged; who is not watched, seldom. */
  pingEveryMs: 3 * SECOND_MS,
  pingSeldomMs: 30 * MINUTE_MS,
  /** An unanswered ping is said again after this, four times in all. */
  pingAgainMs: 500,
  pingTries: 4,
  unwantedLinkMs: 10 * MINUTE_MS,
  /** How many members must say that a peer is gone. */
  deniersToBeDown: 3,
  connectivityPeers: 64,
  connectivityLinks: 12,
  connectivityEveryMs: 250,
  /** Words of connectivity that a peer passes on over all owners: at once, and then one each so often. */
  rumoursAtOnce: 8,
  rumourEveryMs: 500,
  rumoursWaiting: 16,
  /** A change of one peer's reachability is said at most this often, and within this time of its finding. */
  reachabilitySaidEveryMs: 30 * SECOND_MS,
  reachabilitySpreadMs: 400,
  /** While members come in a row, links are chosen once none came for about this long, and after this long at last. */
  settleMs: 1500,
  settleAtMostMs: 15 * SECOND_MS,
  /** Dials of neighbours that are under way at once. */
  dialsAtOnce: 3,
  /** Of many members, neighbours behind the first six are dialled one after the other, so far apart. */
  farDialMs: SECOND_MS,
  dialTries: 4,
  dialBackoffMs: SECOND_MS,
  unreachableRetryMs: HOUR_MS,
  /** When a peer first tries one of those that are gone; then after twice as long each time, to an hour. */
  probeFirstMs: MINUTE_MS,
  /** Calls to a member without a link wait for its dial. */
  waitingCalls: 64,
  suspectHeartbeats: 10,
  voucherTtlMs: DAY_MS,
  voucherRefreshMs: 6 * HOUR_MS,
  /** How long a secret works after another one took its place. */
  secretGraceMs: DAY_MS,
  clockToleranceMs: 5 * MINUTE_MS,
} as const;
