import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "./time.ts";

// Every limit that core enforces, read as `LIMITS.name`. Units are in the names. One by one, so that a bundler puts each in its place.

export const recordBytes = 8 * 1024;
export const frameBytes = 1024 * 1024;
/** Frames that carry records stay below this, so that a frame of full records never meets `frameBytes`. */
export const pageBytes = 32 * 1024;
/** So much of records goes to a link before it says that it heard them; so few records never wait. */
export const windowChars = 128 * 1024;
export const unpacedRecords = 8;
export const parseDepth = 16;
export const signedDepth = 8;
export const versionAheadMs = 10 * MINUTE_MS;
export const horizonMs = 30 * DAY_MS;
export const renewAfterDays = { from: 8, to: 14 };
export const servicesPerPeer = 1000;
export const admissionsPerOwner = 4096;
export const lastingPerOwner = 256;
export const unknownKindPerOwner = 256;
/** An owner may delete this many times as many as it may have. */
export const tombstonesPerLive = 4;
export const routesPerService = 256;
/** How long a peer that knows others waits for one of them before it renews its own records. */
export const takeBackMs = 10 * SECOND_MS;
/** How long the repair after a heartbeat takes at most, where nothing is lost. */
export const repairMs = 2 * SECOND_MS;
/** Sketches are shown to one link at most this often. */
export const sketchEveryMs = 500;
export const evidenceKept = 16;
/** Records whose owners are not known yet are kept for so many owners, the latest, and so many of each. */
export const earlyOwners = 64;
export const earlyPerOwner = 8;
export const challengeMs = 30 * SECOND_MS;
export const pendingHandshakes = 64;
/** A link that a newer one of the same dialler replaced is closed after this, if its dialler has not closed it. */
export const replacedLinkMs = 10 * SECOND_MS;
export const refusalsPerMinute = 20;
export const freshWindowMs = HOUR_MS;
export const invitationMs = HOUR_MS;
export const fullMeshPeers = 32;
export const pushLinks = 6;
export const offerEntries = 1024;
/** How long an offer of what became current waits at most, for others that go with it. */
export const offerAfterMs = 100;
/** What became current is passed on at most this often, so that a single change goes on at once; many together, less. */
export const newsEveryMs = 100;
export const newsOfManyEveryMs = 300;
export const newsMany = 8;
/** Registries are compared soon after a link began, but not before nothing much has changed for this long. */
export const calmAfterMs = SECOND_MS;
/** How often a watched peer is pinged; who is not watched, seldom. */
export const pingEveryMs = 3 * SECOND_MS;
export const pingSeldomMs = 30 * MINUTE_MS;
/** An unanswered ping is said again after this, four times in all. */
export const pingAgainMs = 500;
export const pingTries = 4;
/** A peer that took long to answer the last time is given four times as long; longer than this counts as this. */
export const slowestMs = 1.5 * SECOND_MS;
export const unwantedLinkMs = 10 * MINUTE_MS;
/** How many members must say that a peer is gone. */
export const deniersToBeDown = 3;
export const connectivityPeers = 64;
export const connectivityLinks = 12;
export const connectivityEveryMs = 250;
/** Words of connectivity that a peer passes on over all owners: at once, and then one each so often. */
export const rumoursAtOnce = 8;
export const rumourEveryMs = 500;
export const rumoursWaiting = 16;
/** A change of one peer's reachability is said at most this often, and within this time of its finding. */
export const reachabilitySaidEveryMs = 30 * SECOND_MS;
export const reachabilitySpreadMs = 400;
/** While members come in a row, links are chosen once none came for about this long, and after this long at last. */
export const settleMs = 900;
export const settleAtMostMs = 15 * SECOND_MS;
/** Dials of neighbours that are under way at once. */
export const dialsAtOnce = 3;
/** Of many members, neighbours behind the first six are dialled one after the other, so far apart. */
export const farDialMs = SECOND_MS;
export const dialTries = 4;
export const dialBackoffMs = SECOND_MS;
export const unreachableRetryMs = HOUR_MS;
/** When a peer first tries one of those that are gone; then after twice as long each time, to an hour. */
export const probeFirstMs = MINUTE_MS;
/** Calls to a member without a link wait for its dial. */
export const waitingCalls = 64;
export const suspectHeartbeats = 10;
export const voucherTtlMs = DAY_MS;
export const voucherRefreshMs = 6 * HOUR_MS;
/** How long a secret works after another one took its place. */
export const secretGraceMs = DAY_MS;
export const clockToleranceMs = 5 * MINUTE_MS;
