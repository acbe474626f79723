import type { Notice } from "@arctic/core";
import { ApiError, type Client, ConnectionError } from "../../packages/agent/src/api/client.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent } from "../../packages/agent/test/helpers/agents.ts";
import { type Authority, createAuthority } from "../../packages/agent/test/helpers/authority.ts";

/** All agents share this process, so more adds at once would only wait for each other, longer than a client waits. */
const ADDS_AT_ONCE = 8;

/** What one agent of the crowd knows, by its own notices. */
interface Member {
  readonly agent: TestAgent;
  readonly links: Set<string>;
  readonly keys: Set<string>;
}

/** Real agents in this process: SQLite, TLS, WebSocket and API on loopback, all bootstrapped, none introduced yet. */
export class AgentCrowd {
  readonly members: Member[] = [];
  readonly #authority: Authority;
  #client: Client | undefined;
  /** Told of every record that an agent takes up or makes, when it is on its disk. */
  onRecord: (member: number, kind: string) => void = () => undefined;

  private constructor() {
    this.#authority = createAuthority();
  }

  static async start(size: number): Promise<AgentCrowd> {
    const crowd = new AgentCrowd();
    const license = crowd.#authority.issue({ max_nodes: size + 10, max_services: 10_000 });
    for (let index = 0; index < size; index += 1) {
      const agent = await crowd.#startOne(index);
      const made = await bootstrapped(agent, license, `host ${index}`);
      if (index === 0) crowd.#client = clientOf(agent, made);
    }
    return crowd;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error("the crowd is empty");
    return this.#client;
  }

  /** Adds all others at the first, at once. Resolves to the milliseconds until each has `links` links and every record. */
  async joinAll(links: number, limitMs: number): Promise<number> {
    const startedAt = performance.now();
    const waiting = this.members.slice(1);
    const lane = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        await this.#add(next.agent.address());
    };
    await Promise.all(Array.from({ length: ADDS_AT_ONCE }, lane));
    while (!this.#isComplete(links)) {
      if (performance.now() - startedAt > limitMs) return Number.POSITIVE_INFINITY;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return performance.now() - startedAt;
  }

  async stop(): Promise<void> {
    this.#client?.close();
    for (const { agent } of this.members) await agent.remove();
    this.#authority.remove();
  }

  /**
   * All dials come from one address here, of which an agent takes 32 connections until they have proven themselves, and all
   * agents share one event loop: so an add is asked for again where it was turned away or took too long.
   */
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

  #isComplete(links: number): boolean {
    // Every peer's own record, and of each add the two admissions.
    const records = this.members.length + 2 * (this.members.length - 1);
    const wanted = Math.min(links, this.members.length - 1);
    return this.members.every(({ keys, links: open }) => keys.size >= records && open.size >= wanted);
  }

  async #startOne(index: number): Promise<TestAgent> {
    const [links, keys] = [new Set<string>(), new Set<string>()];
    const agent = await startTestAgent(
      this.#authority.rootsPath,
      { heartbeatEveryMs: 60_000, logLevel: "error" },
      { writeLog: () => undefined, onNotice: (notice) => this.#noticed({ links, keys }, index, notice) },
    );
    this.members.push({ agent, links, keys });
    return agent;
  }

  #noticed({ links, keys }: Pick<Member, "links" | "keys">, index: number, notice: Notice): void {
    if (notice.type === "peer_linked") links.add(notice.link);
    if (notice.type === "peer_unlinked") links.delete(notice.link);
    if (notice.type !== "applied") return;
    for (const { kind, owner, id } of notice.records) {
      if (kind === "peer" || kind === "admission") keys.add(`${kind} ${owner} ${id}`);
      this.onRecord(index, kind);
    }
  }
}
