import { pinned } from "./run.mjs";
import { main } from "./say.mjs";
import { setup } from "./setup.mjs";

/** `npm run soak [-- FLAGS]`: real agents, cut and killed at random under load, on sources. */
await main(async () => {
  await setup({ build: false });
  return pinned([
    "--conditions=arctic-source",
    "--disable-warning=ExperimentalWarning",
    "test/soak/main.ts",
    ...process.argv.slice(2),
  ]);
});
