import type { Handlers } from "./context.ts";
import { clusterHandlers } from "./resources/cluster.ts";
import { healthHandlers } from "./resources/health.ts";
import { peerHandlers } from "./resources/peers.ts";
import { serviceHandlers } from "./resources/services.ts";

/** What answers each operation. */
export const HANDLERS: Handlers = { ...healthHandlers, ...clusterHandlers, ...peerHandlers, ...serviceHandlers };
