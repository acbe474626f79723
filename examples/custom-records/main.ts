/** An application's own kind of record, replicated between pages of a browser. `--help` says how to run it. */
import { parseArgs } from "node:util";
import { type Serving, serveNotes } from "./serve.ts";

const usage = `node --conditions=arctic-source examples/custom-records/main.ts [--port PORT]

  --port PORT  where to serve on 127.0.0.1 (default: any free port)
`;

const port = portFromArgs();
const serving = await serveNotes(port).catch((error: unknown): never =>
  fail(`cannot serve the page: ${error instanceof Error ? error.message : String(error)}; --port chooses a port`, 1),
);
process.stdout.write(`Open these in two tabs of one browser:
  ${serving.url}/?name=alice
  ${serving.url}/?name=bob
Ctrl-C ends it.
`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => end(serving));

async function end({ close }: Serving): Promise<void> {
  await close();
  process.exit(0);
}

function portFromArgs(): number {
  try {
    const { values } = parseArgs({ options: { port: { type: "string" }, help: { type: "boolean" } } });
    if (values.help === true) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const text = values.port ?? "0";
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new Error(`--port ${text}: a port is 0 to 65535`);
    return Number(text);
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`, 2);
  }
}

function fail(text: string, exitCode: number): never {
  process.stderr.write(`${text.trimEnd()}\n`);
  process.exit(exitCode);
}
