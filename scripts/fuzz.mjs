import { pinned } from "./run.mjs";
import { main } from "./say.mjs";
import { setup } from "./setup.mjs";

/** `npm run fuzz [-- FLAGS]`: mutated frames and documents against core, on sources. */
await main(async () => {
  await setup({ build: false });
  return pinned(["--conditions=arctic-source", "--expose-gc", "test/fuzz/main.ts", ...process.argv.slice(2)]);
});
