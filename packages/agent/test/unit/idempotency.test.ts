import { describe, expect, it } from "vitest";
import { Outcomes, requestIdFrom } from "../../src/api/idempotency.ts";
import { Problem } from "../../src/api/problem.ts";
import { systemClock } from "../../src/clock.ts";

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
    const outcomes = new Outcomes({ ...systemClock, elapsedMs: () => nowMs });
    let done = 0;
    const work = async () => {
      done += 1;
      return answerOf(`${done}`);
    };
    return { outcomes, work, done: () => done, pass: (ms: number) => (nowMs += ms) };
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

  it("are forgotten after ten minutes and above a thousand", async () => {
    const { outcomes, work, done, pass } = create();
    await outcomes.once(named("a"), work);
    pass(9 * 60_000);
    await outcomes.once(named("a"), work);
    expect(done()).toBe(1);
    pass(2 * 60_000);
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
