import { expect, test } from "vitest";
import { pickPeer, pickService } from "../../src/session/pick.ts";
import { failureOf } from "../support/failure-of.ts";
import { peerId, samplePeer, sampleService } from "../support/samples.ts";

const alpha = samplePeer("alpha");
const beta = samplePeer("beta");
const oldBeta = samplePeer("beta", { id: peerId("z"), state: "revoked" });

test("a name or an id finds a peer, and an ended one gives way to a living one of its name", () => {
  expect(pickPeer([alpha, oldBeta, beta], "beta")).toBe(beta);
  expect(pickPeer([alpha, oldBeta, beta], oldBeta.id)).toBe(oldBeta);
});

test("an unknown name lists candidates, the likeliest first", () => {
  const failure = failureOf(() => pickPeer([alpha, beta], "bet"));
  expect(failure.next).toBe(`Candidates: beta (${beta.id}), alpha (${alpha.id})`);
});

test("an ambiguous name lists the ids that it could mean", () => {
  const twin = sampleService("web", { id: sampleService("other").id });
  const failure = failureOf(() => pickService([sampleService("web"), twin], "web"));
  expect(failure.message).toBe('2 services are named "web": say which by its id.');
  expect(failure.next).toContain(twin.id);
});
