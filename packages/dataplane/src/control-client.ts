import { connect, type Socket } from "node:net";
import * as z from "zod";
import { ControlError, createLineReader, eventSchema, replySchema, resultSchemas } from "./control-protocol.ts";
import { ObservationReader } from "./observation-reader.ts";
import type { ObservedChange } from "./observed-change.ts";
import type { DataplaneIdentity, NetworkPlan, Observation } from "./plan.ts";

/** The agent's end of the control socket. Each call rejects with `ControlError` on a refusal, with `Error` on a lost connection. */
export interface DataplaneClient {
  ping(): Promise<void>;
  identity(): Promise<DataplaneIdentity>;
  apply(plan: NetworkPlan): Promise<Observation>;
  observe(): Promise<Observation>;
  /** Has the tunnel's next key announced; the identity names it. */
  rotateTunnelKey(): Promise<DataplaneIdentity>;
  /** From when it resolves, the listener is told within a second of what changed. One listener a connection. */
  watch(listener: (change: ObservedChange) => void): Promise<void>;
  /** Called once when the connection ends, whoever ended it; at once when it has ended already. */
  onClose(listener: () => void): void;
  close(): void;
}

const CONNECT_LIMIT_MS = 5_000;
const ANSWER_LIMIT_MS = 60_000;

/** Connects to a running data plane. Rejects when none answers at the path. */
export async function connectDataplane(path: string): Promise<DataplaneClient> {
  const socket = await open(path);
  return new SocketClient(socket, path);
}

const lineSchema = z.union([replySchema, eventSchema]);

interface Waiting {
  readonly method: keyof typeof resultSchemas;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

class SocketClient implements DataplaneClient {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #observations = new ObservationReader();
  readonly #waitingById = new Map<number, Waiting>();
  readonly #listeners: (() => void)[] = [];
  #onChange: (change: ObservedChange) => void = () => {};
  #nextId = 1;
  #isClosed = false;

  constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#path = path;
    const read = createLineReader((line) => this.#receive(line));
    socket.on("data", (chunk) => {
      try {
        read(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
      } catch {
        socket.destroy();
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#ended());
  }

  async ping(): Promise<void> {
    await this.#call("ping");
  }

  identity(): Promise<DataplaneIdentity> {
    return this.#call("identity");
  }

  apply(plan: NetworkPlan): Promise<Observation> {
    return this.#call("apply", { plan });
  }

  observe(): Promise<Observation> {
    return this.#call("observe");
  }

  rotateTunnelKey(): Promise<DataplaneIdentity> {
    return this.#call("rotate_tunnel_key");
  }

  async watch(listener: (change: ObservedChange) => void): Promise<void> {
    this.#onChange = listener;
    await this.#call("watch");
  }

  onClose(listener: () => void): void {
    if (this.#isClosed) listener();
    else this.#listeners.push(listener);
  }

  close(): void {
    this.#socket.destroy();
  }

  #call<M extends keyof typeof resultSchemas>(
    method: M,
    params?: unknown,
  ): Promise<z.infer<(typeof resultSchemas)[M]>> {
    if (this.#isClosed) return Promise.reject(this.#lost());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waitingById.delete(id);
        reject(new Error(`the data plane did not answer ${method} within ${ANSWER_LIMIT_MS / 1000} s`));
      }, ANSWER_LIMIT_MS);
      this.#waitingById.set(id, { method, timer, reject, resolve: resolve as (value: unknown) => void });
      this.#socket.write(`${JSON.stringify(params === undefined ? { id, method } : { id, method, params })}\n`);
    });
  }

  #receive(line: string): void {
    const reply = lineSchema.parse(JSON.parse(line));
    if ("event" in reply) {
      this.#onChange({ services: reply.services, peers: reply.peers });
      return;
    }
    const waiting = this.#waitingById.get(reply.id);
    if (waiting === undefined) return;
    this.#waitingById.delete(reply.id);
    clearTimeout(waiting.timer);
    if ("error" in reply) {
      waiting.reject(new ControlError(reply.error));
      return;
    }
    const result = this.#read(waiting.method, reply.result);
    if (result !== undefined) waiting.resolve(result);
    else
      waiting.reject(new Error(`the data plane's answer to ${waiting.method} is malformed: are both of one version?`));
  }

  /** Undefined for what is no answer to the method. */
  #read(method: Waiting["method"], result: unknown): unknown {
    switch (method) {
      case "apply":
      case "observe":
        return this.#observations.read(result);
      case "ping":
      case "identity":
      case "rotate_tunnel_key":
      case "watch":
        return resultSchemas[method].safeParse(result).data;
    }
  }

  #ended(): void {
    this.#isClosed = true;
    for (const { reject, timer } of this.#waitingById.values()) {
      clearTimeout(timer);
      reject(this.#lost());
    }
    this.#waitingById.clear();
    for (const listener of this.#listeners.splice(0)) listener();
  }

  #lost(): Error {
    return new Error(`the connection to the data plane at ${this.#path} has ended: is arctic-dataplane running?`);
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Error(`no data plane answers at ${path} (${why}): start arctic-dataplane`));
    };
    socket.setTimeout(CONNECT_LIMIT_MS, () => fail("no answer"));
    socket.once("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("timeout");
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}
