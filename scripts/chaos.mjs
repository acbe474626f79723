import { trafficPackages } from "./debian.mjs";
import { pinned } from "./run.mjs";
import { main } from "./say.mjs";
import { setup } from "./setup.mjs";

/** `npm run chaos -- dataplane [--only dataplane|agent] [--kills N] [--seed N]`: kill -9 at random moments, on real kernels. */
await main(async () => {
  await setup({ debian: process.getuid?.() === 0 ? trafficPackages : [] });
  return pinned(["--conditions=arctic-source", "test/chaos/main.ts", ...process.argv.slice(2)]);
});
