import { run } from "./run.ts";

run(process.argv.slice(2)).then((exitCode) => {
  // What was written to stdout and stderr is out: on Linux both are written synchronously. Connections need no farewell.
  process.exit(exitCode);
});
