import { readFileSync } from "node:fs";
import { join } from "node:path";
import { within } from "./cluster.ts";
import { type Finished, finish } from "./command.ts";
import { startProcess } from "./processes.ts";
import { checkout, logPath, type Run } from "./run.ts";
import { poll } from "./state.ts";
import { addresses, type World } from "./world.ts";

/** What crossed, as the programs at both ends saw it. Throws when it was not what was asked for. */
export type Carried = { amount: string; rate: string; proof: string };

const programs = join(checkout, "examples/quickstart/programs");
const tcpPort = "9000";
const udpPort = "9001";

export async function startServer(run: Run, world: World): Promise<void> {
  const path = logPath(run, "server");
  const argv = [process.execPath, join(programs, "server.ts")];
  const namespace = world.namespaceByPlace.server;
  run.processes.push(startProcess(run.ledger, { name: "server", namespace, argv, logPath: path }));
  await poll(10_000, async () =>
    eventsOf(path).some(({ event }) => event === "ready") ? undefined : "the server has not started",
  );
}

/** Throws when the client reaches the server: then traffic would prove nothing. */
export async function expectNoWay(run: Run, world: World): Promise<void> {
  const [download, ping] = await Promise.all([
    inClient(run, world, downloadArgv(addresses.server, "no-way", 1, 1)),
    inClient(run, world, ["ping", "-n", "-c", "1", "-W", "1", addresses.server]),
  ]);
  if (download.code === 0 || ping.code === 0) throw new Error("the client reaches the server without the cluster");
}

/** A download over TCP; its hash at the client must be the one that the server took of what it sent. */
export async function download(
  run: Run,
  world: World,
  host: string,
  bytes: number,
): Promise<Carried & { seen: string; own: string }> {
  const seed = `${run.id}-${host}-${bytes}`;
  const got = reportOf(await inClient(run, world, downloadArgv(host, seed, bytes, 120), 130_000)) as {
    bytes: number;
    sha256: string;
    local_address: string;
    elapsed_ms: number;
    error?: string;
  };
  if (got.error !== undefined) throw new Error(`after ${got.bytes} of ${bytes} bytes: ${got.error}`);
  const sent = await servedEvent(run, seed);
  if (got.bytes !== bytes || got.sha256 !== sent.sha256) {
    throw new Error(`${got.bytes} of ${bytes} bytes came, SHA-256 ${got.sha256}, but the server sent ${sent.sha256}`);
  }
  return {
    amount: `${(bytes / 1e6).toFixed(0)} MB`,
    rate: `${((bytes * 8) / got.elapsed_ms / 1e3).toFixed(0)} Mbit/s`,
    proof: `SHA-256 ${got.sha256.slice(0, 12)}… at both ends`,
    seen: sent.remote_address,
    own: got.local_address,
  };
}

/** Through the transparent service: the server must have seen the client's own address. */
export async function downloadAsOneself(run: Run, world: World, host: string, bytes: number): Promise<Carried> {
  const { seen, own, ...carried } = await download(run, world, host, bytes);
  if (own !== addresses.client || seen !== own) throw new Error(`the client is ${own}, but the server saw ${seen}`);
  return { ...carried, proof: `the server saw ${seen}, the client's own address` };
}

/** Every datagram must come back as it was sent. */
export async function exchangeDatagrams(run: Run, world: World, host: string, count: number): Promise<Carried> {
  const argv = [process.execPath, join(programs, "datagrams.ts"), host, udpPort, String(count)];
  const { answered, sent, elapsed_ms } = reportOf(await inClient(run, world, argv)) as {
    answered: number;
    sent: number;
    elapsed_ms: number;
  };
  if (answered !== count)
    throw new Error(`${answered} of ${count} datagrams were answered (${sent} sent, each up to 3 times)`);
  return {
    amount: `${answered} of ${count} answered`,
    rate: `${(answered / (elapsed_ms / 1e3)).toFixed(0)} a second`,
    proof: `each answer equal; ${sent - count} sent again`,
  };
}

/** `count` echoes must be answered within 15 s. */
export async function echo(run: Run, world: World, host: string, count: number): Promise<Carried> {
  const { code, stdout, stderr } = await inClient(run, world, [
    "ping",
    "-n",
    "-c",
    String(count),
    "-i",
    "0.2",
    "-w",
    "15",
    host,
  ]);
  const [, transmitted, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
  const [, average] = /= [\d.]+\/([\d.]+)\//.exec(stdout) ?? [];
  if (code !== 0 || Number(received) < count)
    throw new Error(`${received ?? 0} of ${count} echoes were answered\n${stderr.trim()}`);
  return {
    amount: `${received} of ${count} answered`,
    rate: `${average} ms there and back`,
    proof: `${transmitted} sent`,
  };
}

function downloadArgv(host: string, seed: string, bytes: number, seconds: number): string[] {
  return [process.execPath, join(programs, "download.ts"), host, tcpPort, seed, String(bytes), String(seconds)];
}

function inClient(run: Run, world: World, argv: readonly string[], timeoutMs = 30_000) {
  return finish(within(world.namespaceByPlace.client, argv), { timeoutMs, signal: run.signal });
}

/** The one JSON line in which a program tells what it found. */
function reportOf({ stdout, stderr }: Finished): unknown {
  if (!stdout.startsWith("{")) throw new Error(`the program ended without a report: ${stderr.trim()}`);
  return JSON.parse(stdout);
}

type ServerEvent = { event: string; seed?: string; sha256: string; remote_address: string };

/** The server's own word travels by its log, not by the cluster. */
async function servedEvent(run: Run, seed: string): Promise<ServerEvent> {
  const find = () => eventsOf(logPath(run, "server")).find((one) => one.event === "served" && one.seed === seed);
  await poll(5_000, async () => (find() === undefined ? "the server has not reported the download" : undefined));
  return find() as ServerEvent;
}

function eventsOf(path: string): ServerEvent[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as ServerEvent);
}
