import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** How a cut looks to those whom it parts: an answer that says no, or none at all. */
export type CutKind = "refused" | "silent";

/** Answers with the agents whose sockets have the ports. */
type WhoDialled = (localPorts: readonly number[]) => ReadonlyMap<number, number>;

interface Wire {
  /** Unknown until it matters. */
  from: number | undefined;
  readonly fromPort: number;
  readonly to: number;
  readonly toPort: number;
  readonly near: Socket;
  far: Socket | undefined;
}

/** New connections are looked at together, since finding out who dialled is dear. */
const LOOK_AFTER_MS = 15;

/**
 * The network between the agents of one host: each announces the address of its own door here, which carries bytes to
 * the agent's port, so that any two of them can be parted.
 */
export class Wires {
  readonly #doors: Server[] = [];
  readonly #wires = new Set<Wire>();
  readonly #cutByPair = new Map<string, CutKind>();
  readonly #whoDialled: WhoDialled;
  #isLooking = false;

  constructor(whoDialled: WhoDialled) {
    this.#whoDialled = whoDialled;
  }

  /** Opens the door of an agent that listens on the port; the answer is the door's own. */
  async open(agent: number, agentPort: number): Promise<number> {
    const door = createServer({ pauseOnConnect: true, noDelay: true }, (near) => this.#knock(near, agent, agentPort));
    await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
    this.#doors.push(door);
    return (door.address() as AddressInfo).port;
  }

  /** Parts these agents from those, both ways. */
  part(these: readonly number[], those: readonly number[], kind: CutKind): void {
    for (const pair of pairsOf(these, those)) this.#cutByPair.set(pair, kind);
    this.#identify();
    for (const wire of [...this.#wires]) if (this.#cutOf(wire) !== undefined) sever(wire, kind);
  }

  /** What was severed stays so: a connection does not come back, a new one is let through. */
  heal(these: readonly number[], those: readonly number[]): void {
    const healed = new Set(pairsOf(these, those));
    for (const pair of healed) this.#cutByPair.delete(pair);
    for (const wire of [...this.#wires])
      if (wire.from !== undefined && healed.has(pairOf(wire.from, wire.to))) destroy(wire);
  }

  close(): void {
    for (const door of this.#doors) door.close();
    for (const wire of this.#wires) destroy(wire);
  }

  #knock(near: Socket, to: number, toPort: number): void {
    const wire: Wire = { from: undefined, fromPort: near.remotePort ?? 0, to, toPort, near, far: undefined };
    this.#wires.add(wire);
    near.on("error", () => destroy(wire));
    near.on("close", () => {
      destroy(wire);
      this.#wires.delete(wire);
    });
    if (this.#cutByPair.size === 0) carry(wire);
    else if (!this.#isLooking) {
      this.#isLooking = true;
      setTimeout(() => this.#look(), LOOK_AFTER_MS);
    }
  }

  /** Lets through, or refuses, those who have knocked. */
  #look(): void {
    this.#isLooking = false;
    this.#identify();
    for (const wire of [...this.#wires]) {
      if (wire.far !== undefined) continue;
      const cut = this.#cutOf(wire);
      if (cut === undefined) carry(wire);
      else sever(wire, cut);
    }
  }

  #identify(): void {
    const unknown = [...this.#wires].filter((wire) => wire.from === undefined);
    if (unknown.length === 0) return;
    const agentByPort = this.#whoDialled(unknown.map((wire) => wire.fromPort));
    for (const wire of unknown) wire.from = agentByPort.get(wire.fromPort);
  }

  #cutOf({ from, to }: Wire): CutKind | undefined {
    return from === undefined ? undefined : this.#cutByPair.get(pairOf(from, to));
  }
}

function carry(wire: Wire): void {
  if (wire.near.destroyed) return;
  const far = connect({ host: "127.0.0.1", port: wire.toPort, noDelay: true });
  wire.far = far;
  far.on("error", () => destroy(wire));
  far.on("close", () => destroy(wire));
  wire.near.pipe(far);
  far.pipe(wire.near);
}

function sever({ near, far }: Wire, kind: CutKind): void {
  for (const socket of [near, far]) {
    if (socket === undefined || socket.destroyed) continue;
    if (kind === "refused") socket.resetAndDestroy();
    else {
      socket.unpipe();
      socket.pause();
    }
  }
}

function destroy({ near, far }: Wire): void {
  near.destroy();
  far?.destroy();
}

function pairsOf(these: readonly number[], those: readonly number[]): string[] {
  return these.flatMap((one) => those.map((other) => pairOf(one, other)));
}

function pairOf(one: number, other: number): string {
  return one < other ? `${one}-${other}` : `${other}-${one}`;
}
