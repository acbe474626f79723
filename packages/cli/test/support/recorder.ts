import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningAgent, startAgent } from "./agents.ts";
import { launcher } from "./arctic.ts";
import { stableText } from "./stable-text.ts";

const LIMIT_MS = 60_000;

/** Runs command lines as an operator types them, against real agents, and keeps what the terminal showed. */
export class Recorder {
  readonly directory = mkdtempSync(join(tmpdir(), "arctic-record-"));
  readonly #startedAt = Date.now();
  readonly #agents = new Map<string, RunningAgent>();
  readonly #parts: string[] = [];

  constructor() {
    launcher(this.#path("bin"));
    launcher(this.#path("bin"), "arctic-agent");
  }

  text(): string {
    return stableText(`${this.#parts.join("\n\n")}\n`, {
      directory: this.directory,
      addresses: [...this.#agents].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { address }]) => address),
      startedAt: this.#startedAt,
    });
  }

  /** Words between the commands. */
  say(text: string): void {
    this.#parts.push(text);
  }

  /** Shows and runs the lines; each must end with the exit code, 0 where none is named. */
  async run(lines: string | readonly string[], exitCode = 0): Promise<string> {
    const shown: string[] = [];
    let last = "";
    for (const line of typeof lines === "string" ? [lines] : lines) {
      const { code, output } = await this.#shell(line);
      if (code !== exitCode) throw new Error(`${line}\nended with ${code}:\n${output}`);
      shown.push(`$ ${line}`, ...(output === "" ? [] : [output.trimEnd()]));
      last = output;
    }
    this.#parts.push(["```console", ...shown, "```"].join("\n"));
    return last;
  }

  /** Runs the line again and again, unseen, until it ends with 0. */
  async until(line: string): Promise<void> {
    const endAt = Date.now() + LIMIT_MS;
    while ((await this.#shell(line)).code !== 0) {
      if (Date.now() > endAt) throw new Error(`${line}\nnever ended with 0`);
    }
  }

  /** Writes a file and shows it. */
  file(name: string, language: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
    this.#parts.push([`\`${name}\`:`, "", `\`\`\`${language}`, text.trimEnd(), "```"].join("\n"));
  }

  /** `host:port` of the agent that was started under that name. */
  addressOf(name: string): string {
    const agent = this.#agents.get(name);
    if (agent === undefined) throw new Error(`no agent ${name} was started`);
    return agent.address;
  }

  /** Starts an agent, or starts it again at its address, with its configuration in NAME/agent.yaml. */
  async start(name: string): Promise<void> {
    const held = this.#agents.get(name);
    const port = held === undefined ? undefined : Number(held.address.split(":")[1]);
    const folder = this.#path(name);
    const agent = await startAgent(folder, join(this.directory, "roots.json"), port);
    this.#agents.set(name, agent);
    writeFileSync(join(folder, "agent.yaml"), `state_dir: ${join(folder, "state")}\n`);
  }

  async stop(name: string): Promise<void> {
    await this.#agents.get(name)?.stop();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.stop()));
    rmSync(this.directory, { recursive: true, force: true });
  }

  #path(name: string): string {
    const path = join(this.directory, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  #shell(line: string): Promise<{ code: number | null; output: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn("bash", ["-c", line], {
        cwd: this.directory,
        env: { PATH: `${join(this.directory, "bin")}:${process.env.PATH}`, HOME: this.directory },
        stdio: ["ignore", "pipe", "pipe"],
        timeout: LIMIT_MS,
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
        });
      }
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, output }));
    });
  }
}

/** What a document says and which lines it runs, without what they answered: that differs from run to run. */
export function withoutOutput(markdown: string): string {
  return markdown.replace(/^```console\n([\s\S]*?)^```$/gm, (_, block: string) =>
    block
      .split("\n")
      .filter((line) => line.startsWith("$ "))
      .join("\n"),
  );
}
