import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAgent } from "../packages/cli/test/support/agents.ts";
import { arctic, timesOf } from "./cli/starts.ts";
import { limited, median, type Row, report, row } from "./support/report.ts";

const ROUNDS = 25;
/** The first ones fill the cache of compiled code, as an operator's first command does. */
const WARM_UP_ROUNDS = 3;

/** How long a person waits for the built command, beside a Node that does nothing. One agent, TLS, a token that is kept. */
async function starts(directory: string): Promise<Row[]> {
  const environment = {
    ARCTIC_CONFIG: join(directory, "config.yaml"),
    XDG_CACHE_HOME: join(directory, "cache"),
  };
  const run = (...args: string[]) => {
    const { program } = arctic(args);
    const { status, stderr } = spawnSync(program, args, { env: { PATH: process.env.PATH, ...environment } });
    if (status !== 0) throw new Error(`arctic ${args.join(" ")} ended with ${status}: ${stderr}`);
  };
  const [key, roots, license] = ["root.key", "roots.json", "license.json"].map((name) => join(directory, name));
  if (key === undefined || roots === undefined || license === undefined) throw new Error("three paths were named");
  run("license", "keygen", "--out", key, "--roots", roots);
  run("license", "issue", "--key", key, "--max-nodes=9", "--max-services=9", "--expires=9d", "--out", license);
  const agent = await startAgent(join(directory, "agent"), roots);
  try {
    run("bootstrap", "--url", `https://${agent.address}`, "--license-file", license, "--name", "alpha");
    const jobs = [
      { program: process.execPath, args: ["-e", "0"] },
      arctic(["--version"]),
      arctic(["peers", "list"], environment),
      arctic(["__complete", "bash", "peers", "get", ""], environment),
    ];
    timesOf(jobs, WARM_UP_ROUNDS);
    const [bare = 0, version = 0, peers = 0, completion = 0] = timesOf(jobs, ROUNDS).map(median);
    return [
      row("arctic --version", "ms", version, "node -e 0", bare, { atMost: 1.8 }),
      row("arctic peers list, a local agent over TLS", "ms", peers, "node -e 0", bare, { atMost: 2.5 }),
      limited("a completion of peers' names", "ms", completion, 100),
    ];
  } finally {
    await agent.stop();
  }
}

const directory = mkdtempSync(join(tmpdir(), "arctic-bench-cli-"));
try {
  report(await starts(directory));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
