import { describe, expect, it } from "vitest";
import { literal } from "./literal.ts";
import { oursWithout } from "./ours.ts";
import { search } from "./search.ts";

const tracesOf = (found: ReturnType<typeof search>) =>
  Object.fromEntries(found.attacks.map(({ goal, trace }) => [goal, trace]));

describe("a search for attacks on a handshake", () => {
  it("finds those on the one that was first written down", () => {
    const found = search(literal, 4000);
    expect(tracesOf(found)).toEqual({
      // What alice said to mallory opens bob's door, since it does not say whom it is for.
      misdirection: ["request → bob answers again"],
      // Her own request, back at herself.
      reflection: ["request → alice answers"],
      // The same request twice: bob draws no challenge of his own.
      replay: ["request → bob answers", "request → bob answers again"],
    });
    expect(found.rightEndings).toBeGreaterThan(0);
  });
  it("finds none on ours, in a space where honest peers do finish", () => {
    const found = search(oursWithout("nothing"), 4000);
    expect(found.attacks).toEqual([]);
    expect(found.states).toBeGreaterThanOrEqual(4000);
    expect(found.deliveries).toBeGreaterThan(20_000);
    expect(found.rightEndings).toBeGreaterThan(50);
  });
  it("finds the relay that the channel binding stops", () => {
    expect(tracesOf(search(oursWithout("binding"), 2000))).toEqual({
      relay: ["hello → bob answers again", "welcome → alice calls bob"],
    });
  });
  it("finds that mallory could pass alice's word for her on to bob, were the responder not signed, either", () => {
    const found = search(oursWithout("binding and responder"), 2000);
    expect(Object.keys(tracesOf(found)).sort()).toEqual(["misdirection", "relay"]);
  });
});
