import { describe, expect, it } from "vitest";
import { eventsIn } from "../../src/api/client/event-stream.ts";

async function read(...chunks: readonly string[]) {
  async function* bytes() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const events: unknown[] = [];
  for await (const event of eventsIn(bytes())) events.push(event);
  return events;
}

const closed = (error: string) => ({ type: "closed", code: "STOPPED", error });
const block = (event: object) => `event: x\ndata: ${JSON.stringify(event)}\n\n`;

describe("a stream of server-sent events", () => {
  it("is read event by event, wherever it is cut, within a letter too", async () => {
    const text = block(closed("größer")) + block(closed("two"));
    const bytes = Buffer.from(text);
    const expected = [closed("größer"), closed("two")];
    expect(await read(text)).toEqual(expected);
    for (let at = 1; at < bytes.length; at += 1) {
      async function* halves() {
        yield bytes.subarray(0, at);
        yield bytes.subarray(at);
      }
      const events: unknown[] = [];
      for await (const event of eventsIn(halves())) events.push(event);
      expect(events).toEqual(expected);
    }
  });

  it("leaves out comments, events of types that it does not know, and what is no JSON", async () => {
    const others = [": heartbeat\n\n", block({ type: "of_tomorrow" }), "data: {\n\n", "event: x\n\n"];
    expect(await read(...others, block(closed("last")))).toEqual([closed("last")]);
  });

  it("joins data that comes in several lines", async () => {
    const [first, ...rest] = JSON.stringify(closed("joined")).split(",");
    expect(await read(`data: ${first},\ndata: ${rest.join(",")}\n\n`)).toEqual([closed("joined")]);
  });

  it("makes nothing of an event that was cut off", async () => {
    expect(await read(block(closed("whole")), block(closed("cut")).slice(0, -1))).toEqual([closed("whole")]);
  });
});
