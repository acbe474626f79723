import { describe, expect, it } from "vitest";
import type { Message, MessageOf } from "../../src/gossip/message.ts";
import * as LIMITS from "../../src/limits.ts";
import { identityOf, serviceBody, serviceIdOf } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";

type Entries = MessageOf<"offer">["entries"];
const others = Array.from({ length: LIMITS.pushLinks + 2 }, (_, index) => identityOf(`other ${index}`));
const wantOf = (entries: Entries) => ({
  type: "want" as const,
  keys: entries.map(([kind, owner, id]) => [kind, owner, id] as const),
});

/** bob, with more links than he pushes to. */
function crowd() {
  const { bob, link } = memberLink({ others });
  const links = others.map((other) => {
    const one = new RawLink(bob);
    if (!one.handshake(other)) throw new Error("a member is let in");
    return one;
  });
  let written = 0;
  /** bob writes so many records, and offers them. What each link heard of them, in order. */
  const write = (count: number) => {
    const before = bob.steps.length;
    for (let index = 0; index < count; index += 1) {
      written += 1;
      const id = serviceIdOf(`service ${written}`);
      bob.handle({ type: "write", kind: "service", id, body: serviceBody(bob.id) }, link.now);
    }
    for (const one of [link, ...links]) one.now += LIMITS.offerAfterMs;
    bob.handle({ type: "wake" }, link.now);
    const heard = new Map<RawLink, Message[]>(links.map((one) => [one, []]));
    for (const effect of bob.steps.slice(before).flatMap(({ effects }) => effects)) {
      const to = effect.type === "send" ? links.find(({ id }) => id === effect.link) : undefined;
      if (effect.type === "send" && to !== undefined) heard.get(to)?.push(JSON.parse(effect.text) as Message);
    }
    return heard;
  };
  /** A link that is offered as many records or more at once, and what it is offered. */
  const offered = (least: number) => {
    for (const [one, messages] of write(2 * least))
      for (const message of messages)
        if (message.type === "offer" && message.entries.length >= least) return [one, message.entries] as const;
    throw new Error("some are offered");
  };
  /** How a link hears of the next dozen writes. */
  const hears = (one: RawLink) => {
    const messages = Array.from({ length: 12 }, () => write(1).get(one) ?? []).flat();
    return new Set(messages.flatMap(({ type }) => (type === "push" || type === "offer" ? [type] : [])));
  };
  return { bob, offered, hears };
}

describe("a link that is offered news", () => {
  it("and wants none of them is offered others, unless it is one of the six", () => {
    const { offered, hears } = crowd();
    const [one] = offered(1);
    expect(hears(one)).toEqual(new Set(["offer", "push"]));
  });

  it("and wants some of them is offered others", () => {
    const { offered, hears } = crowd();
    const [one, entries] = offered(3);
    one.say(wantOf(entries.slice(1)));
    expect(hears(one)).toEqual(new Set(["offer", "push"]));
  });

  it("and wants all of them hears what follows whole", () => {
    const { offered, hears } = crowd();
    const [one, entries] = offered(3);
    one.say(wantOf(entries));
    // Which shows nothing that is held here.
    one.say({ type: "ping", nonce: "its own" });
    expect(hears(one)).toEqual(new Set(["push"]));
  });

  it.each(["push", "offer"] as const)("and wanted all of them is offered others once its own %s shows one", (type) => {
    const { bob, offered, hears } = crowd();
    const [one, entries] = offered(1);
    one.say(wantOf(entries));
    const records = entries.flatMap(([kind, owner, id]) => bob.node.registry.get(kind, owner, id) ?? []);
    one.say(type === "push" ? { type, records } : { type, entries });
    expect(hears(one)).toEqual(new Set(["offer", "push"]));
  });
});
