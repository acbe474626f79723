import { expect, test } from "vitest";
import * as z from "zod";
import { issueIn, type Schema } from "../../bundle/reply-check.ts";

const schema = z.object({
  peers: z.array(
    z.object({
      id: z.string().regex(/^peer_[0-9A-Z]{3}$/),
      state: z.enum(["up", "down"]),
      rtt_ms: z.number().min(0).optional(),
      count: z.int(),
      role: z.union([z.object({ type: z.literal("a") }), z.null()]),
    }),
  ),
});
const json = z.toJSONSchema(schema, { io: "input" }) as Schema;
const peer = { id: "peer_0AB", state: "up", count: 1, role: null };

test.each([
  [{ peers: [] }],
  [{ peers: [peer, { ...peer, rtt_ms: 0.5, role: { type: "a" } }] }],
  [{ peers: [{ ...peer, later: true }], next: 1 }],
  [{}],
  [[]],
  ["<html>"],
  [null],
  [{ peers: {} }],
  [{ peers: [{ ...peer, id: "peer_0ab" }] }],
  [{ peers: [{ ...peer, state: "sideways" }] }],
  [{ peers: [{ ...peer, rtt_ms: -1 }] }],
  [{ peers: [{ ...peer, rtt_ms: "1" }] }],
  [{ peers: [{ ...peer, count: 1.5 }] }],
  [{ peers: [{ ...peer, count: 2 ** 60 }] }],
  [{ peers: [{ ...peer, role: { type: "b" } }] }],
  [{ peers: [{ id: "peer_0AB" }] }],
])("the built command judges %j as the agent's own schema does", (value) => {
  expect(issueIn(value, json, []) === undefined).toBe(schema.safeParse(value).success);
});

test("what is wrong is named by its path", () => {
  expect(issueIn({ peers: [peer, { ...peer, state: 1 }] }, json, [])).toMatchObject({ path: ["peers", 1, "state"] });
});
