import { describe, expect, it } from "vitest";
import * as LIMITS from "../../src/limits.ts";
import { SECOND_MS } from "../../src/time.ts";
import { admissionOf, identityOf, licenseOf, NOW, recordOf, serviceBody, serviceIdOf } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { worldOf } from "../support/world.ts";

const owner = identityOf("alice");
const license = licenseOf({ max_services: 5000 });
const services = (count: number, tag: string) =>
  Array.from({ length: count }, (_, index) =>
    recordOf(
      owner,
      "service",
      serviceIdOf(`${tag}${index}`),
      { body: serviceBody(identityOf("bob").peerId) },
      { at: NOW },
    ),
  );

/** bob holds many records that alice, on the link, has not got: she asks for all of them. */
function asked(count: number) {
  const records = services(count, "s");
  const world = memberLink({ records, license });
  const keys = records.map(({ kind, owner: of, id }) => [kind, of, id] as const);
  const said = (step: { readonly effects: readonly { readonly type: string }[] }) =>
    step.effects.flatMap((effect) =>
      effect.type === "send"
        ? [
            JSON.parse((effect as { text?: string }).text ?? "{}") as {
              type: string;
              nonce?: string;
              records?: { id: string }[];
            },
          ]
        : [],
    );
  const recordsIn = (messages: ReturnType<typeof said>) => messages.flatMap((message) => message.records ?? []);
  return { ...world, keys, said, recordsIn, total: count };
}

describe("many records for one link", () => {
  it("come a window at a time, each after the ping behind the one before was answered", () => {
    const { bob, link, keys, said, recordsIn, total } = asked(500);
    let messages = said(link.say({ type: "want", keys }));
    const first = JSON.stringify(recordsIn(messages)).length;
    expect(first).toBeGreaterThan(LIMITS.windowChars / 2);
    expect(first).toBeLessThan(LIMITS.windowChars + LIMITS.pageBytes);
    const ids = recordsIn(messages).map(({ id }) => id);
    for (let windows = 0; windows < 20 && ids.length < total; windows += 1) {
      messages = said(bob.handle({ type: "wake" }, Math.max(link.now, bob.node.wakeAt)));
      const ping = messages.find(({ type }) => type === "ping");
      expect(recordsIn(messages)).toEqual([]);
      if (ping?.nonce === undefined) throw new Error("it asks whether all was heard");
      messages = said(link.say({ type: "pong", nonce: ping.nonce }));
      ids.push(...recordsIn(messages).map(({ id }) => id));
    }
    expect(ids).toHaveLength(total);
    expect(new Set(ids).size).toBe(total);
  });

  it("do not hold up news of a few", () => {
    const { bob, link, keys, said, recordsIn } = asked(500);
    link.say({ type: "want", keys });
    const id = serviceIdOf("news");
    const messages = said(
      bob.handle({ type: "write", kind: "service", id, body: serviceBody(owner.peerId) }, link.now + 20 * SECOND_MS),
    );
    expect(recordsIn(messages).map((record) => record.id)).toEqual([id]);
  });

  it("hold up news of a few that an admission stands in line before, and until it has gone", () => {
    const all = services(700, "s");
    const admissions = Array.from({ length: LIMITS.unpacedRecords + 1 }, (_, index) =>
      admissionOf(owner, identityOf(`newcomer ${index}`).peerId),
    );
    const { bob, link } = memberLink({ records: [...all, ...admissions], license });
    const wantOf = (records: typeof all) => ({
      type: "want" as const,
      keys: records.map(({ kind, owner: of, id }) => [kind, of, id] as const),
    });
    for (const records of [all.slice(0, 250), admissions, all.slice(250)]) link.say(wantOf(records));
    /** In order, but for what is sent at once. */
    const sent = () => link.heard.flatMap((message) => (message.type === "push" ? message.records : [])) as typeof all;
    const write = (name: string) => {
      const id = serviceIdOf(name);
      const { effects } = bob.handle({ type: "write", kind: "service", id, body: serviceBody(bob.id) }, link.now);
      return effects.some((effect) => effect.type === "send" && effect.text.includes(id));
    };
    /** The window that was sent was heard. */
    const nextWindow = () => {
      link.wake(Math.max(link.now, bob.node.wakeAt));
      const ping = link.last("ping");
      if (ping === undefined) throw new Error("it asks whether all was heard");
      link.say({ type: "pong", nonce: ping.nonce });
    };
    const isAdmissionSent = () => sent().filter(({ kind }) => kind === "admission").length === admissions.length;
    expect([isAdmissionSent(), write("early")]).toEqual([false, false]);
    nextWindow();
    expect([isAdmissionSent(), write("late")]).toEqual([true, true]);
    for (let windows = 0; windows < 10; windows += 1) nextWindow();
    const order = sent().map(({ kind, id }) => (kind === "admission" ? kind : id));
    expect(order.indexOf(serviceIdOf("early"))).toBeGreaterThan(order.lastIndexOf("admission"));
    expect(new Set(order)).toEqual(new Set([...all.map(({ id }) => id), "admission", serviceIdOf("early")]));
  });

  it("are told once: what the other side says of itself meanwhile is compared behind them, soon", () => {
    const { bob, link, keys, said, recordsIn, total } = asked(500);
    const ids = recordsIn(said(link.say({ type: "want", keys }))).map((record) => record.id);
    const marks = new Array(256).fill("A".repeat(11));
    let [toldAt, comparedAt] = [link.now, 0];
    for (let turns = 0; turns < 40 && comparedAt === 0; turns += 1) {
      // It holds next to nothing yet, and says so.
      if (ids.length < total)
        expect(said(link.say({ type: "buckets", group: "services", marks, is_answer: true }))).toEqual([]);
      const at = Math.max(link.now, bob.node.wakeAt);
      for (const { type, nonce } of said(bob.handle({ type: "wake" }, at))) {
        if (type === "heartbeat") comparedAt = at;
        if (type !== "ping" || nonce === undefined) continue;
        toldAt = at;
        ids.push(...recordsIn(said(link.say({ type: "pong", nonce }))).map((record) => record.id));
      }
    }
    expect([ids.length, new Set(ids).size]).toEqual([total, total]);
    expect(comparedAt - toldAt).toBeGreaterThan(0);
    expect(comparedAt - toldAt).toBeLessThanOrEqual(2 * SECOND_MS);
  });

  it("all arrive, at a first contact and after a repair, and nobody is taken for gone meanwhile", () => {
    const { network, alice, bob } = worldOf({ alice: { license }, bob: { license } });
    const write = (peer: typeof alice, tag: string) => {
      for (let index = 0; index < 350; index += 1)
        peer.handle(
          { type: "write", kind: "service", id: serviceIdOf(`${tag}${index}`), body: serviceBody(peer.id) },
          network.now,
        );
    };
    write(alice, "a");
    write(bob, "b");
    network.join(alice, bob);
    network.advance(30 * SECOND_MS);
    expect([alice, bob].map(({ node }) => node.registry.live("service").length)).toEqual([700, 700]);
    expect(alice.node.registry.hashes).toEqual(bob.node.registry.hashes);
    const unlinked = [alice, bob].flatMap(({ notices }) => notices.filter(({ type }) => type === "peer_unlinked"));
    expect(unlinked).toEqual([]);
  }, 30_000);
});
