import { AsyncResource } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { Outcomes, requestIdFrom } from "../../src/api/idempotency.ts";
import { Problem } from "../../src/api/problem.ts";
import { systemClock } from "../../src/clock.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { createNotingStore } from "../../src/store/noting-store.ts";

const answerOf = (body: string, status = 201) => ({ status, body, contentType: "application/json" });
const named = (id: string, change: object = {}) => ({
  caller: "cli_A",
  id,
  method: "POST",
  path: "/v1/services",
  body: new Uint8Array(),
  ...change,
});

describe("outcomes by request id", () => {
  const create = () => {
    let nowMs = 0;
    const store = createNotingStore(createMemoryStore());
    const clock = { ...systemClock, now: () => nowMs };
    const start = () =>
      new Outcomes(clock, {
        stored: store.load().outcomes,
        noting: store.noting,
        keep: (change) => store.commit(change),
      });
    const outcomes = start();
    let done = 0;
    const work = async () => {
      done += 1;
      return answerOf(`${done}`);
    };
    /** Writes something, as most requests do. */
    const write = async () => {
      store.commit({ flags: {} });
      return work();
    };
    return { outcomes, start, store, work, write, done: () => done, pass: (ms: number) => (nowMs += ms) };
  };

  it("are made once and answered again, also while the first still runs", async () => {
    const { outcomes, work, done } = create();
    const [first, second] = await Promise.all([outcomes.once(named("a"), work), outcomes.once(named("a"), work)]);
    expect([first.isRepeat, second.isRepeat]).toEqual([false, true]);
    expect((await outcomes.once(named("a"), work)).answer).toEqual(first.answer);
    expect(done()).toBe(1);
  });

  it("belong to one caller and one request", async () => {
    const { outcomes, work, done } = create();
    await outcomes.once(named("a"), work);
    await outcomes.once(named("a", { caller: "cli_B" }), work);
    expect(done()).toBe(2);
    for (const change of [{ method: "PUT" }, { path: "/v1/peers" }, { body: new Uint8Array([1]) }])
      await expect(outcomes.once(named("a", change), work)).rejects.toMatchObject({ code: "CONFLICT" });
  });

  it("are not remembered where nothing was done", async () => {
    const { outcomes, work, done } = create();
    expect((await outcomes.once(named("a"), async () => answerOf("", 422))).answer.status).toBe(422);
    const refuse = async () => {
      throw new Problem("NOT_FOUND", "none");
    };
    await expect(outcomes.once(named("a"), refuse)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await outcomes.once(named("a"), work);
    expect(done()).toBe(1);
  });

  it("outlive a restart where something was written, and belong to the same request then", async () => {
    const { outcomes, start, work, write, done } = create();
    const first = await outcomes.once(named("a"), write);
    await outcomes.once(named("b"), work);
    const again = start();
    expect(await again.once(named("a"), write)).toEqual({ answer: first.answer, isRepeat: true });
    await expect(again.once(named("a", { path: "/v1/peers" }), write)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(done()).toBe(2);
    await again.once(named("b"), work);
    expect(done()).toBe(3);
  });

  it("are not made a second time where the first was cut off behind its write", async () => {
    const { outcomes, start, store, write, done } = create();
    const cutOff = async () => {
      store.commit({ flags: {} });
      return new Promise<never>(() => undefined);
    };
    void outcomes.once(named("a"), cutOff);
    await expect(start().once(named("a"), write)).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringMatching(/was done/),
    });
    expect(done()).toBe(0);
  });

  it("are not noted where a write was taken back by a refusal, nor by what comes after the request", async () => {
    const { outcomes, start, store, write } = create();
    const half = async () => {
      store.commit({ flags: {} });
      return answerOf("", 507);
    };
    await outcomes.once(named("a"), half);
    let later = () => {};
    await outcomes.once(named("b"), async () => {
      later = AsyncResource.bind(() => store.commit({ flags: {} }));
      return answerOf("nothing");
    });
    later();
    expect(store.load().outcomes).toEqual([]);
    expect((await start().once(named("a"), write)).isRepeat).toBe(false);
  });

  it("leave no secret on the disk: such an answer is known to have been given, and not kept", async () => {
    const { outcomes, start, store, write } = create();
    const secret = `sec_${"A".repeat(43)}`;
    await outcomes.once(named("a"), async () => ({ ...(await write()), body: JSON.stringify({ secret }) }));
    expect(JSON.stringify(store.load())).not.toContain(secret);
    await expect(start().once(named("a"), write)).rejects.toMatchObject({ code: "CONFLICT" });
  });

  it("are forgotten after a day and above a thousand", async () => {
    const { outcomes, work, done, pass } = create();
    await outcomes.once(named("a"), work);
    pass(23 * 3_600_000);
    await outcomes.once(named("a"), work);
    expect(done()).toBe(1);
    pass(2 * 3_600_000);
    await outcomes.once(named("a"), work);
    expect(done()).toBe(2);
    for (let index = 0; index < 1_024; index += 1) await outcomes.once(named(`b${index}`), work);
    await outcomes.once(named("a"), work);
    expect(done()).toBe(2 + 1_024 + 1);
  });

  it("are named by an Idempotency-Key of a plain form", () => {
    expect(requestIdFrom(new Headers())).toBeUndefined();
    expect(requestIdFrom(new Headers({ "idempotency-key": "0123456789abcdef" }))).toBe("0123456789abcdef");
    for (const bad of ["", "0123", "0123456789abcde!", "x".repeat(65)])
      expect(() => requestIdFrom(new Headers({ "idempotency-key": bad }))).toThrow(/Idempotency-Key/);
  });
});
