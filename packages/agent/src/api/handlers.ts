import type { Handlers } from "./context.ts";
import { clusterHandlers } from "./resources/cluster.ts";
import { credentialHandlers } from "./resources/credentials.ts";
import { eventHandlers } from "./resources/events.ts";
import { healthHandlers } from "./resources/health.ts";
import { initHandlers } from "./resources/init.ts";
import { licenseHandlers } from "./resources/license.ts";
import { peerRemovalHandlers } from "./resources/peer-removal.ts";
import { peerHandlers } from "./resources/peers.ts";
import { serviceHandlers } from "./resources/services.ts";
import { sharedClientHandlers } from "./resources/shared-client.ts";

/** What answers each operation. */
export const HANDLERS: Handlers = {
  ...healthHandlers,
  ...clusterHandlers,
  ...initHandlers,
  ...licenseHandlers,
  ...eventHandlers,
  ...peerHandlers,
  ...peerRemovalHandlers,
  ...serviceHandlers,
  ...credentialHandlers,
  ...sharedClientHandlers,
};
