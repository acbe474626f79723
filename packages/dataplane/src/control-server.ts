import { chmod, chown, mkdir, readFile, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { type ControlErrorBody, type ControlReply, createLineReader, requestSchema } from "./control-protocol.ts";
import type { Dataplane } from "./dataplane.ts";
import { jsonWithServices } from "./json-text.ts";
import { PlanReader } from "./plan-reader.ts";
import { Watchers } from "./watchers.ts";

export interface ControlServer {
  close(): Promise<void>;
}

interface Served {
  readonly dataplane: Handled;
  readonly plans: PlanReader;
  readonly watchers: Watchers;
}

type Handled = Pick<Dataplane, "identity" | "apply" | "observe" | "rotateTunnelKey" | "heard">;

/** Throws when another data plane answers at the path: two would undo each other's work. */
export async function refuseSecond(path: string): Promise<void> {
  if (await isAnswering(path)) throw new Error(`a data plane is running already: ${path} answers`);
}

/**
 * The number of a group that is given by name or number.
 * @throws Error that says what to do when the host has no such group.
 */
export async function groupId(group: string): Promise<number> {
  if (/^[0-9]{1,10}$/.test(group)) return Number(group);
  const lines = (await readFile("/etc/group", "utf8")).split("\n").map((line) => line.split(":"));
  const number = lines.find(([name]) => name === group)?.[2];
  if (number === undefined)
    throw new Error(`--control-group: this host has no group ${group}; make it: groupadd --system ${group}`);
  return Number(number);
}

/**
 * Listens on a unix socket that only its owner can open, and the members of a group where one is given: who can open it
 * decides what this host carries. Throws when another data plane answers there.
 */
export async function serveControl(path: string, dataplane: Handled, group?: number): Promise<ControlServer> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await refuseSecond(path);
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const served = { dataplane, plans: new PlanReader(), watchers: new Watchers(() => dataplane.observe()) };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveSocket(socket, served);
  });
  await listen(server, path, group);
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(path, { force: true });
    },
  };
}

function serveSocket(socket: Socket, served: Served): void {
  const read = createLineReader(
    (line) => void answer(line, served, socket).then((reply) => socket.write(`${reply}\n`)),
  );
  // A peer that goes away in the middle of an answer needs none.
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    try {
      read(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    } catch {
      socket.destroy();
    }
  });
}

/** The reply to one line, as JSON. */
async function answer(line: string, served: Served, socket: Socket): Promise<string> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refusal(0, { code: "INVALID_REQUEST", message: "the line is no JSON" });
  }
  const request = requestSchema.safeParse(value);
  if (!request.success) {
    const issue = request.error.issues[0];
    const message = `request${issue === undefined ? "" : ` ${issue.path.join(".")}`}: ${issue?.message ?? "malformed"}`;
    return refusal(idOf(value), { code: "INVALID_REQUEST", message });
  }
  const { id } = request.data;
  served.dataplane.heard();
  try {
    return await perform(request.data, served, socket);
  } catch (error) {
    return refusal(id, { code: "FAILED", message: error instanceof Error ? error.message : String(error) });
  }
}

const refusal = (id: number, error: ControlErrorBody): string => JSON.stringify({ id, error } satisfies ControlReply);
const reply = (id: number, resultJson: string): string => `{"id":${id},"result":${resultJson}}`;

async function perform(
  request: ReturnType<typeof requestSchema.parse>,
  { dataplane, plans, watchers }: Served,
  socket: Socket,
): Promise<string> {
  const { id } = request;
  switch (request.method) {
    case "ping":
      return reply(id, JSON.stringify({ ok: true }));
    case "identity":
      return reply(id, JSON.stringify(dataplane.identity));
    case "observe":
      return reply(id, jsonWithServices(watchers.saw(await dataplane.observe())));
    case "rotate_tunnel_key":
      return reply(id, JSON.stringify(await dataplane.rotateTunnelKey()));
    case "watch":
      watchers.add(socket);
      return reply(id, JSON.stringify({ ok: true }));
    case "apply": {
      const checked = plans.read(request.params.plan);
      if (checked.ok) return reply(id, jsonWithServices(watchers.saw(await dataplane.apply(checked.plan))));
      const message = `the plan was refused and nothing changed: ${checked.problem}`;
      return refusal(id, { code: "INVALID_PLAN", message });
    }
  }
}

function idOf(value: unknown): number {
  const id = typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
  return typeof id === "number" && Number.isInteger(id) ? id : 0;
}

/** The mask makes the socket 0600 from its first moment on. */
async function listen(server: Server, path: string, group: number | undefined): Promise<void> {
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => resolve());
    });
  } finally {
    process.umask(mask);
  }
  if (group !== undefined) await chown(path, process.getuid?.() ?? 0, group);
  await chmod(path, group === undefined ? 0o600 : 0o660);
}

function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.on("connect", () => finish(true));
    socket.on("error", () => finish(false));
    socket.setTimeout(1_000, () => finish(true));
  });
}
