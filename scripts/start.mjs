import { trafficPackages } from "./debian.mjs";
import { pinned } from "./run.mjs";
import { main } from "./say.mjs";
import { setup } from "./setup.mjs";

/** `npm start [-- --once]`: the quickstart, on whatever this machine allows. */
await main(async () => {
  await setup({ debian: trafficPackages });
  return pinned(["--conditions=arctic-source", "examples/quickstart/main.ts", ...process.argv.slice(2)]);
});
