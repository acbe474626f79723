import { main } from "./say.mjs";
import { setup } from "./setup.mjs";

/** `npm run build`: dist of every package whose sources have changed. */
await main(() => setup());
