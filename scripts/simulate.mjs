import { pinned } from "./run.mjs";
import { main } from "./say.mjs";
import { setup } from "./setup.mjs";

/** `npm run simulate [-- FLAGS]`: the seeded simulator, on sources. */
await main(async () => {
  await setup({ build: false });
  return pinned(["--conditions=arctic-source", "test/simulation/main.ts", ...process.argv.slice(2)]);
});
