import { pause } from "./clock.ts";
import type { Fleet, Member } from "./fleet.ts";
import type { Random } from "./random.ts";
import type { CutKind } from "./wires.ts";

/** How often each fault was done. */
export type FaultCounts = Record<keyof typeof FAULTS, number>;

/** Does faults, a few at a time, until it is told to stop; then everything is whole again. */
export class Chaos {
  readonly #fleet: Fleet;
  readonly #random: Random;
  readonly #tell: (line: string) => void;
  readonly counts = Object.fromEntries(Object.keys(FAULTS).map((name) => [name, 0])) as FaultCounts;
  readonly #busy = new Set<Member>();
  #isStopped = false;
  #running: Promise<void>[] = [];

  constructor(fleet: Fleet, random: Random, tell: (line: string) => void) {
    this.#fleet = fleet;
    this.#random = random;
    this.#tell = tell;
  }

  start(): void {
    this.#running = Array.from({ length: AT_ONCE }, () => this.#work());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }

  async #work(): Promise<void> {
    await this.#pause(BETWEEN_MS.least, BETWEEN_MS.most);
    while (!this.#isStopped) {
      const name = this.#random.pick(Object.keys(FAULTS) as (keyof typeof FAULTS)[]);
      await FAULTS[name](this.#hands());
      this.counts[name] += 1;
      await this.#pause(BETWEEN_MS.least, BETWEEN_MS.most);
    }
  }

  #hands(): Hands {
    return {
      fleet: this.#fleet,
      random: this.#random,
      tell: this.#tell,
      pause: (least, most) => this.#pause(least, most),
      hold: async (work) => {
        const free = this.#fleet.members.filter((member) => !this.#busy.has(member));
        if (free.length < 2) return;
        const member = this.#random.pick(free);
        this.#busy.add(member);
        try {
          await work(member);
        } finally {
          this.#busy.delete(member);
        }
      },
    };
  }

  /** Short where it is to stop. */
  async #pause(least: number, most: number): Promise<void> {
    const endAt = Date.now() + this.#random.between(least, most);
    while (Date.now() < endAt && !this.#isStopped) await pause(50);
  }
}

const AT_ONCE = 2;
const BETWEEN_MS = { least: 500, most: 3_000 } as const;

interface Hands {
  readonly fleet: Fleet;
  readonly random: Random;
  readonly tell: (line: string) => void;
  pause(least: number, most: number): Promise<void>;
  /** Does something to an agent to which nothing else is being done. */
  hold(work: (member: Member) => Promise<void>): Promise<void>;
}

const FAULTS = {
  /** Signal 9, and a start after a while. */
  kill: ({ hold, pause, tell }: Hands) =>
    hold(async (member) => {
      tell(`agent ${member.index} is killed`);
      await member.kill();
      await pause(100, 6_000);
      await member.restart();
    }),
  /** A host that hangs: its connections stay, and nothing comes. */
  freeze: ({ hold, pause, tell }: Hands) =>
    hold(async (member) => {
      tell(`agent ${member.index} hangs`);
      member.freeze();
      await pause(500, 8_000);
      member.thaw();
    }),
  /** One agent and all the others do not reach each other. */
  isolate: (hands: Hands) =>
    hands.hold(async ({ index }) => {
      hands.tell(`agent ${index} is cut off`);
      const others = hands.fleet.members.map((other) => other.index).filter((other) => other !== index);
      await parted(hands, [index], others);
    }),
  /** Two halves. */
  partition: async (hands: Hands) => {
    const shuffled = hands.random.shuffled(hands.fleet.members.map(({ index }) => index));
    const size = hands.random.between(1, shuffled.length - 1);
    hands.tell(`${size} agents are parted from ${shuffled.length - size}`);
    await parted(hands, shuffled.slice(0, size), shuffled.slice(size));
  },
  /** Two agents do not reach each other, everybody else reaches both. */
  pair: async (hands: Hands) => {
    const [one, other] = hands.random.shuffled(hands.fleet.members);
    if (one === undefined || other === undefined) return;
    hands.tell(`agents ${one.index} and ${other.index} are parted`);
    await parted(hands, [one.index], [other.index]);
  },
};

async function parted(hands: Hands, these: readonly number[], those: readonly number[]): Promise<void> {
  const { wires } = hands.fleet;
  const kind: CutKind = hands.random.pick(["refused", "silent"]);
  wires.part(these, those, kind);
  await hands.pause(1_000, 10_000);
  wires.heal(these, those);
}
