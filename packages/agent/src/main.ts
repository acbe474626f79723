#!/usr/bin/env node
import { createAgent } from "./agent.ts";
import { configFromEnvironment, SETTINGS } from "./config.ts";
import { AGENT_VERSION } from "./version.ts";

/** Exit codes as those of `arctic`: 0 done, 1 failed, 2 wrong use, 3 wrong configuration. */
const EXIT = { failed: 1, usage: 2, configuration: 3 } as const;

const [argument, ...rest] = process.argv.slice(2);
if (argument === "--version" && rest.length === 0) process.stdout.write(`${AGENT_VERSION}\n`);
else if (argument === "--help" && rest.length === 0) process.stdout.write(helpText());
else if (argument !== undefined)
  fail(EXIT.usage, `arctic-agent takes no ${argument}: it is set up by its environment, see --help`);
else await run();

async function run(): Promise<void> {
  const result = configFromEnvironment();
  if (!result.ok) return fail(EXIT.configuration, result.problems.join("\n"));
  const agent = createAgent(result.config);
  const stop = () => {
    agent.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(EXIT.failed, `the agent did not stop cleanly: ${messageOf(error)}`),
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  try {
    await agent.start();
  } catch (error) {
    fail(EXIT.failed, messageOf(error));
  }
}

function helpText(): string {
  const width = Math.max(...SETTINGS.map((setting) => setting.name.length));
  const fallbackWidth = Math.max(...SETTINGS.map((setting) => setting.fallback.length));
  const rows = SETTINGS.map(
    ({ name, fallback, text }) => `  ${name.padEnd(width)}  ${fallback.padEnd(fallbackWidth)}  ${text}`,
  );
  return `arctic-agent: one host's part in an Arctic cluster.

Usage: arctic-agent [--help | --version]

It is set up by its environment (name, value where it is not set, meaning):
${rows.join("\n")}
`;
}

function fail(code: number, message: string): void {
  process.stderr.write(`arctic-agent: ${message}\n`);
  process.exit(code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
