import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ApiError, type Client, ConnectionError, createClient } from "../../packages/agent/src/api/client.ts";
import { type Authority, createAuthority } from "../../packages/agent/test/helpers/authority.ts";
import type { Asked, Part, Started, Told } from "./crowd-thread.ts";

/** An agent takes 32 connections of one address until they have proven themselves, also of the client that asks for the adds. */
const ADDS_AT_ONCE = 24;
const LOOK_EVERY_MS = 20;

/**
 * Real agents in this process, on as many threads as it is given: SQLite, TLS, WebSocket and API on loopback, all
 * bootstrapped, none introduced yet. The one that all others are added at has a thread of its own where there are several:
 * it has most to do, and shall not wait for others' turns.
 */
export class AgentCrowd {
  readonly size: number;
  readonly #authority: Authority;
  readonly #threads: readonly Worker[];
  #first: { readonly client: Client; readonly others: readonly string[] };

  private constructor(size: number, authority: Authority, threads: readonly Worker[], started: readonly Started[]) {
    this.size = size;
    this.#authority = authority;
    this.#threads = threads;
    this.#first = firstOf(started);
  }

  static async start(size: number, threads: number): Promise<AgentCrowd> {
    const authority = createAuthority();
    const { rootsPath } = authority;
    const license = authority.issue({ max_nodes: size + 10, max_services: 10_000 });
    const workers = bounds(size, threads).map(([firstNumber, end]) => {
      const part: Part = { size: end - firstNumber, firstNumber, rootsPath, license };
      return new Worker(new URL("crowd-thread.ts", import.meta.url), { workerData: part });
    });
    const started = await Promise.all(workers.map((worker) => answerOf<Started>(worker)));
    return new AgentCrowd(size, authority, workers, started);
  }

  /** Of the first agent. */
  get client(): Client {
    return this.#first.client;
  }

  /** Ends all agents and starts others in their place, on the same threads, whose code is warm by now. */
  async renew(): Promise<void> {
    this.client.close();
    this.#first = firstOf(await this.#ask<Started>({ type: "renew" }));
  }

  /** Adds all others at the first, at once. Resolves to the milliseconds until each has `links` links and every record. */
  async joinAll(links: number, limitMs: number): Promise<number> {
    const startedAt = performance.now();
    const waiting = [...this.#first.others];
    const lane = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await this.#add(next);
    };
    await Promise.all(Array.from({ length: ADDS_AT_ONCE }, lane));
    while (!(await this.#isComplete(links))) {
      if (performance.now() - startedAt > limitMs) return Number.POSITIVE_INFINITY;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return performance.now() - startedAt;
  }

  /** Resolves to the milliseconds from the first disk that a service is on, its owner's, to the disk number `wanted`. */
  async spreadOf(write: () => Promise<unknown>, wanted: number): Promise<number> {
    const servicesAt: number[] = [];
    await this.#tell(0, 0);
    await write();
    while (servicesAt.length < wanted) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      for (const told of await this.#tell(0, 0)) servicesAt.push(...told.servicesAt);
    }
    servicesAt.sort((a, b) => a - b);
    return (servicesAt[wanted - 1] ?? Number.NaN) - (servicesAt[0] ?? Number.NaN);
  }

  async stop(): Promise<void> {
    this.client.close();
    await Promise.all(
      this.#threads.map((thread) => {
        thread.postMessage({ type: "stop" } satisfies Asked);
        return once(thread, "exit");
      }),
    );
    this.#authority.remove();
  }

  /** All agents share few event loops: an add is asked for again where it was turned away or took too long. */
  async #add(address: string): Promise<void> {
    for (;;) {
      try {
        await this.client.addPeer({ address });
        return;
      } catch (error) {
        if (error instanceof ApiError && error.code === "ALREADY_EXISTS") return;
        const isWorthAnother = error instanceof ConnectionError || (error instanceof ApiError && error.status === 422);
        if (!isWorthAnother) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #isComplete(links: number): Promise<boolean> {
    // Every peer's own record, and of each add the two admissions; the credentials of all others' clusters.
    const records = this.size + 2 * (this.size - 1) + (this.size - 1);
    const told = await this.#tell(Math.min(links, this.size - 1), records);
    return told.every(({ isComplete }) => isComplete);
  }

  #tell(links: number, records: number): Promise<Told[]> {
    return this.#ask({ type: "tell", links, records });
  }

  #ask<T>(asked: Asked): Promise<T[]> {
    return Promise.all(
      this.#threads.map((thread) => {
        thread.postMessage(asked);
        return answerOf<T>(thread);
      }),
    );
  }
}

/** A client of the first agent, and where the others are. */
function firstOf(started: readonly Started[]) {
  const [first, ...others] = inTurn(started.map(({ addresses }) => addresses));
  const made = started[0]?.made;
  if (first === undefined || made === undefined) throw new Error("the crowd is empty");
  const client = createClient({
    endpoints: [`https://${first}`],
    trust: { type: "fingerprints", sha256: [made.tls_fingerprint] },
    auth: { type: "credentials", clientId: made.client_id, clientSecret: made.client_secret },
    timeoutMs: 30_000,
  });
  return { client, others };
}

/** From and to which number each thread has agents. */
function bounds(size: number, threads: number): [number, number][] {
  if (threads === 1) return [[0, size]];
  const startOf = (thread: number) => 1 + Math.floor(((thread - 1) * (size - 1)) / (threads - 1));
  const others = Array.from({ length: threads - 1 }, (_, index): [number, number] => [
    startOf(index + 1),
    startOf(index + 2),
  ]);
  return [[0, 1], ...others];
}

/** One of each list after the other, so that all threads have something to do at any time. */
function inTurn(lists: readonly (readonly string[])[]): string[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list[index] ?? [])).flat();
}

async function answerOf<T>(thread: Worker): Promise<T> {
  const [answer] = (await once(thread, "message")) as [T];
  return answer;
}
