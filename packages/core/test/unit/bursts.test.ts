import { describe, expect, it } from "vitest";
import { neighboursOf } from "../../src/gossip/overlay.ts";
import * as LIMITS from "../../src/limits.ts";
import type { Effect } from "../../src/node/effect.ts";
import { SECOND_MS } from "../../src/time.ts";
import { admissionOf, identityOf, NOW, peerBody, recordOf, serviceBody, serviceIdOf } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";
import { clusterOf } from "../support/world.ts";

const alice = identityOf("alice");
const note = (name: string) => recordOf(alice, "app.note", name, { body: {} });
const dialsIn = (effects: readonly Effect[]) => effects.flatMap((effect) => (effect.type === "dial" ? [effect] : []));

/** Wakes bob at an instant; alice answers his pings. All that he does. */
function wake({ bob, link }: ReturnType<typeof memberLink>, at: number): Effect[] {
  link.now = at;
  const effects = [...bob.handle({ type: "wake" }, at).effects];
  for (const effect of [...effects]) {
    const said = effect.type === "send" ? (JSON.parse(effect.text) as { type: string; nonce?: string }) : undefined;
    if (said?.type === "ping") effects.push(...link.say({ type: "pong", nonce: said.nonce ?? "" }).effects);
  }
  return effects;
}

/** What alice, who let a newcomer in, and the newcomer write. */
const newcomer = (index: number) => {
  const stranger = identityOf(`newcomer ${index}`);
  const body = peerBody(stranger.peerId, `n${index}`, { addresses: [`n${index}.example:8080`] });
  return [admissionOf(alice, stranger.peerId), recordOf(stranger, "peer", stranger.peerId, { body })];
};

describe("many new members in a row", () => {
  /** Lets in one more every 200 ms, so many. Answers with the dials meanwhile and within three seconds afterwards. */
  function letIn(count: number) {
    const world = memberLink();
    const { bob, link } = world;
    const during: Effect[] = [];
    for (let index = 0; index < count; index += 1) {
      const at = link.now + 200;
      while (bob.node.wakeAt < at) during.push(...wake(world, Math.max(link.now + 1, bob.node.wakeAt)));
      link.now = at;
      during.push(...link.push(...newcomer(index)).effects);
    }
    const afterwards: Effect[] = [];
    const endAt = link.now + 3 * SECOND_MS;
    while (bob.node.wakeAt < endAt) afterwards.push(...wake(world, Math.max(link.now + 1, bob.node.wakeAt)));
    return { bob, during: dialsIn(during), afterwards: dialsIn(afterwards), now: link.now };
  }

  it("are not dialled before no more come, then a few a second, those that the rings name first", () => {
    const { bob, during, afterwards, now } = letIn(60);
    const members = bob.node.peers
      .list()
      .map(({ peerId }) => peerId)
      .concat(bob.id)
      .sort();
    const { dialled } = neighboursOf(bob.id, members, now);
    // While they were few, a pause of theirs was long enough.
    expect(during.length).toBeLessThan(LIMITS.fullMeshPeers / 2);
    expect(afterwards.length).toBeGreaterThan(0);
    expect(afterwards.length).toBeLessThanOrEqual(4 * LIMITS.dialsAtOnce);
    for (const { peer } of afterwards.slice(0, LIMITS.dialsAtOnce)) expect(dialled).toContain(peer);
  });

  it("are dialled in the midst of it where they come without end", () => {
    const { during } = letIn((LIMITS.settleAtMostMs + 5 * SECOND_MS) / 200);
    expect(during.length).toBeGreaterThan(LIMITS.dialsAtOnce);
  });
});

describe("members that come in a row", () => {
  it("are dialled once it was quiet for 900 ms, and nobody is dialled or awake for nothing before", () => {
    const world = memberLink();
    const { bob, link } = world;
    const dials: { readonly at: number; readonly peer: string | undefined }[] = [];
    const note = (effects: readonly Effect[]) => {
      for (const { peer } of dialsIn(effects)) dials.push({ at: link.now, peer });
      // It asks for nothing that it would not do.
      expect(bob.node.wakeAt).toBeGreaterThan(link.now);
    };
    const until = (end: number) => {
      while (bob.node.wakeAt < end) note(wake(world, bob.node.wakeAt));
      link.now = end;
    };
    const letIn = (from: number, to: number) => {
      for (let index = from; index < to; index += 1) {
        note(link.push(...newcomer(index)).effects);
        until(link.now + 200);
      }
    };
    until(NOW + SECOND_MS);
    letIn(0, 4);
    until(link.now + LIMITS.settleMs);
    const early = dials.splice(0);
    expect(early.length).toBeGreaterThan(0);
    expect(early.length).toBeLessThan(4);
    // Those that are to dial themselves are dialled by bob in the end, but not while others come.
    letIn(4, 30);
    expect(dials).toEqual([]);
    const lastAt = link.now - 200;
    until(lastAt + 1.1 * LIMITS.settleMs + 1);
    expect(dials.length).toBeGreaterThan(0);
    expect((dials[0]?.at ?? 0) - lastAt).toBeGreaterThanOrEqual(0.9 * LIMITS.settleMs);
  });
});

describe("of two neighbours", () => {
  it("exactly one dials, and all have as many to dial", () => {
    const members = Array.from({ length: 100 }, (_, index) => identityOf(`member ${index}`).peerId).sort();
    const dialled = new Map(members.map((peer) => [peer, neighboursOf(peer, members, NOW)]));
    for (const [peer, { targets, dialled: own }] of dialled) {
      for (const target of targets) expect(own.has(target)).toBe(dialled.get(target)?.dialled.has(peer) === false);
      expect(own.size).toBeGreaterThanOrEqual(6);
      expect(own.size).toBeLessThanOrEqual(14);
    }
  });
});

describe("news in a row", () => {
  const pushesIn = (lines: readonly string[]) => lines.filter((line) => line.includes("push"));

  /** carol has a link to bob alone, and hears of alice's writes through him. */
  function chain() {
    const world = clusterOf({ alice: {}, bob: {}, carol: {} });
    world.network.cut(world.alice, world.carol);
    world.network.transcript.length = 0;
    const write = (name: string) =>
      world.network.feed(world.alice, {
        type: "write",
        kind: "service",
        id: serviceIdOf(name),
        body: serviceBody(world.bob.id, { name }),
      });
    const toCarol = () => pushesIn(world.network.transcript.filter((line) => line.startsWith("bob → carol")));
    return { ...world, write, toCarol };
  }

  it("go on in one frame, the first of them at once", () => {
    const { network, carol, write, toCarol } = chain();
    for (const name of ["one", "two", "three"]) write(name);
    expect(toCarol()).toEqual(["bob → carol push [service]"]);
    network.advance(LIMITS.newsEveryMs);
    expect(toCarol()).toEqual(["bob → carol push [service]", "bob → carol push [service service]"]);
    expect(carol.node.registry.live("service")).toHaveLength(3);
  });

  it("wait longer behind many, and behind few that came soon after many", () => {
    const carol = identityOf("carol");
    const { bob, link } = memberLink({ others: [carol] });
    const hearer = new RawLink(bob);
    if (!hearer.handshake(carol)) throw new Error("a member is let in");
    let said = 0;
    /** alice says so many at once; how long it takes until carol hears of the last of them. */
    const waitsMs = (count: number) => {
      const records = Array.from({ length: count }, (_, index) => note(`news-${said + index}`));
      said += count;
      const saidAt = link.now;
      const hears = ({ effects }: { readonly effects: readonly Effect[] }) =>
        effects.some(
          (effect) => effect.type === "send" && effect.link === hearer.id && effect.text.includes(`"news-${said - 1}"`),
        );
      let isHeard = hears(link.push(...records));
      while (!isHeard && link.now < saidAt + SECOND_MS) {
        link.now = Math.max(link.now, bob.node.wakeAt);
        isHeard = hears(bob.handle({ type: "wake" }, link.now));
      }
      return link.now - saidAt;
    };
    const { newsEveryMs, newsOfManyEveryMs, newsMany } = LIMITS;
    expect(waitsMs(2 * newsMany)).toBe(0);
    expect([waitsMs(1), waitsMs(1), waitsMs(1), waitsMs(1)]).toEqual([
      newsOfManyEveryMs,
      newsOfManyEveryMs,
      newsEveryMs,
      newsEveryMs,
    ]);
  });

  it("are not passed on to whom has shown that it holds them", () => {
    const { bob, link } = memberLink();
    const [first, second] = [note("one"), note("two")];
    link.push(first);
    const { heard } = link;
    bob.handle({ type: "write", kind: "service", id: serviceIdOf("own"), body: serviceBody(alice.peerId) }, link.now);
    const before = heard.length;
    link.push(second);
    link.push(second);
    bob.handle({ type: "wake" }, link.now + LIMITS.newsOfManyEveryMs);
    expect(heard.slice(before).filter(({ type }) => type === "push")).toEqual([]);
  });
});

describe("a peer that is late itself", () => {
  it("passes news on less often, with more in each frame", () => {
    const carol = identityOf("carol");
    const { bob, link } = memberLink({ others: [carol] });
    const hearer = new RawLink(bob);
    if (!hearer.handshake(carol)) throw new Error("a member is let in");
    const before = bob.steps.length;
    const turns = 10;
    // What came in two seconds is heard in one turn.
    for (let turn = 0; turn < turns; turn += 1) {
      link.now = NOW + turn * 2 * SECOND_MS;
      bob.handle({ type: "wake" }, link.now);
      for (let index = 0; index < 20; index += 1) link.push(note(`${turn}.${index}`));
    }
    const pushes = bob.steps
      .slice(before)
      .flatMap(({ effects }) => effects)
      .flatMap((effect) => (effect.type === "send" && effect.link === hearer.id ? [effect.text] : []))
      .filter((text) => text.startsWith('{"type":"push"'));
    expect(pushes.length).toBeGreaterThan(turns / 4);
    expect(pushes.length).toBeLessThanOrEqual((2 * turns) / 3 + 1);
    expect(pushes.join().match(/app\.note/g)?.length).toBeGreaterThan(20 * (turns - 4));
  });
  /** Wakes bob whenever he asks for it, `lateMs` later, until he ends the link that nobody answers on. */
  function endsAfterMs(lateMs: number): number {
    const { bob, link } = memberLink();
    const startedAt = link.now;
    for (let now = startedAt; now < startedAt + 60 * SECOND_MS; ) {
      now = Math.max(now + 1, bob.node.wakeAt + lateMs);
      const { effects } = bob.handle({ type: "wake" }, now);
      if (effects.some((effect) => effect.type === "close")) return now - startedAt;
    }
    return Number.POSITIVE_INFINITY;
  }

  it("takes nobody for gone", () => {
    expect(endsAfterMs(0)).toBeLessThan(6 * SECOND_MS);
    expect(endsAfterMs(LIMITS.pingAgainMs + 1)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a member that was never met", () => {
  it("is not said to be gone before the last try", () => {
    const world = memberLink();
    const { bob, link } = world;
    link.push(...newcomer(0));
    let [failed, saidAfter] = [0, 0];
    for (let turn = 0; turn < 500 && saidAfter === 0; turn += 1) {
      const effects = wake(world, Math.max(link.now + 1, bob.node.wakeAt));
      for (const { dial } of dialsIn(effects)) {
        failed += 1;
        effects.push(...bob.handle({ type: "dial_failed", dial, reason: "no answer" }, link.now).effects);
      }
      if (effects.some((effect) => effect.type === "send" && effect.text.includes('"reachable":false')))
        saidAfter = failed;
    }
    expect(saidAfter).toBe(LIMITS.dialTries);
  });
});
