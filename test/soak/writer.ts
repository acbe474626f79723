import { ApiError, type Client, ConnectionError } from "@arctic/agent/client";
import type { PeerId, ServiceId } from "@arctic/core";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";

/** Where a write goes: an agent that runs now. */
export interface Desk {
  readonly client: Client;
  readonly peerId: PeerId;
}

export interface WriterOptions {
  /** Names of its things begin with it. */
  readonly name: string;
  readonly ledger: Ledger;
  readonly random: Random;
  /** The agent that takes the next write, and the peers that a service may lead from and to. */
  readonly desk: () => Desk | undefined;
  readonly source: (desk: Desk) => PeerId;
  readonly target: (source: PeerId) => PeerId;
  /** Told of each acknowledged creation. */
  readonly onCreated?: (id: ServiceId, at: Desk) => void;
  /** Told how long each acknowledged write took. */
  readonly onLatency?: (ms: number) => void;
}

interface Thing {
  readonly name: string;
  readonly id: ServiceId;
  value: number;
}

const MOST_THINGS = 6;
/** What the agent answers where it has changed nothing. */
const NOTHING_CHANGED = new Set([400, 401, 403, 404, 409, 413, 422, 429, 503, 507]);

/** One client that creates, changes and deletes services, one write after the other, and notes what it was told. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #things: Thing[] = [];
  #made = 0;
  /** The last refusal, for who wonders why nothing is written. */
  lastRefusal = "";

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Makes one write. Resolves once its outcome is noted; `false` where nothing was written. */
  async write(): Promise<boolean> {
    const desk = this.#options.desk();
    if (desk === undefined) return false;
    const { random } = this.#options;
    const draw = random.next();
    if (this.#things.length === 0 || (draw < 0.3 && this.#things.length < MOST_THINGS)) return this.#create(desk);
    const thing = random.pick(this.#things);
    return draw > 0.85 ? this.#delete(desk, thing) : this.#update(desk, thing);
  }

  #create(desk: Desk): Promise<boolean> {
    const { name: prefix, source, target } = this.#options;
    this.#made += 1;
    const name = `${prefix}-${this.#made}`;
    return this.#perform(name, 1, async () => {
      const from = source(desk);
      const { id } = await desk.client.createService({
        name,
        source_peer_id: from,
        target_peer_id: target(from),
        transport_type: "tcp",
        requires_interface: false,
        fully_transparent: false,
        bandwidth_limit_mbps: 1,
      });
      this.#things.push({ name, id, value: 1 });
      this.#options.onCreated?.(id, desk);
    });
  }

  #update(desk: Desk, thing: Thing): Promise<boolean> {
    return this.#perform(thing.name, thing.value + 1, async () => {
      await desk.client.updateService(thing.id, { bandwidth_limit_mbps: thing.value + 1 });
      thing.value += 1;
    });
  }

  #delete(desk: Desk, thing: Thing): Promise<boolean> {
    return this.#perform(thing.name, "absent", async () => {
      await desk.client.deleteService(thing.id);
      this.#forget(thing.name);
    });
  }

  async #perform(name: string, value: number | "absent", send: () => Promise<void>): Promise<boolean> {
    const { ledger, onLatency } = this.#options;
    ledger.begun(name, value);
    const startedAt = performance.now();
    try {
      await send();
      ledger.acknowledge(name);
      onLatency?.(performance.now() - startedAt);
      return true;
    } catch (error) {
      this.lastRefusal = error instanceof Error ? error.message : String(error);
      if (hasChangedNothing(error)) ledger.refuse(name);
      else {
        ledger.leaveOpen();
        this.#forget(name);
      }
      return false;
    }
  }

  #forget(name: string): void {
    const at = this.#things.findIndex((thing) => thing.name === name);
    if (at >= 0) this.#things.splice(at, 1);
  }
}

function hasChangedNothing(error: unknown): boolean {
  if (error instanceof ApiError) return NOTHING_CHANGED.has(error.status);
  if (error instanceof ConnectionError) return !error.wasSent;
  throw error;
}

/** All services that an agent answers with: the number of each by its name. Throws where two have one name. */
export async function servicesAt(client: Client): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  let cursor: string | undefined;
  do {
    const page = await client.listServices({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
    for (const { name, bandwidth_limit_mbps } of page.services) {
      if (found.has(name)) throw new Error(`two services are named ${name}`);
      found.set(name, bandwidth_limit_mbps);
    }
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return found;
}
