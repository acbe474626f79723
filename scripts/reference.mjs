import { pinned } from "./run.mjs";
import { main, note } from "./say.mjs";
import { setup } from "./setup.mjs";

/** `npm run reference`: core's exports as pages, from their own comments. */
await main(async () => {
  await setup({ build: false });
  const code = await pinned(["node_modules/typedoc/bin/typedoc"]);
  if (code === 0) note("open build/core-reference/index.html");
  return code;
});
