import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createMemoryRunner } from "../../src/kernel/memory-runner.ts";
import { createRunner, type Runner, runOrThrow } from "../../src/kernel/runner.ts";

const twins: [string, () => Runner][] = [
  ["the real runner", () => createRunner(5_000)],
  ["the memory runner", memoryTwin],
];

describe.each(twins)("%s", (_name, create) => {
  test("gives a program its input and returns what it wrote", async () => {
    expect(await create().run(["cat"], "one\ntwo\n")).toEqual({ code: 0, stdout: "one\ntwo\n", stderr: "" });
  });

  test("hands arguments over as they are, without a shell", async () => {
    expect((await create().run(["echo", "$HOME; `id`", "a b"])).stdout).toBe("$HOME; `id` a b\n");
  });

  test("reports a failing program by its code and does not throw", async () => {
    expect((await create().run(["false"])).code).toBe(1);
  });

  test("reports a program that is not there as 127", async () => {
    expect((await create().run(["arctic-no-such-program"])).code).toBe(127);
    expect((await create().run([])).code).toBe(127);
  });

  test("a program that ignores its input is judged by its code", async () => {
    expect((await create().run(["true"], "x".repeat(1_000_000))).code).toBe(0);
  });

  test("runOrThrow names the program that failed", async () => {
    await expect(runOrThrow(create(), ["false"])).rejects.toThrow("false failed with code 1");
  });
});

test("the real runner ends a program that outlives its limit", async () => {
  const result = await createRunner(100).run(["sleep", "60"]);
  expect(result).toMatchObject({ code: 124, stderr: "ended after 100 ms" });
});

test("the real runner does not wait for the end of a program that is done, and hears of a failure before", async () => {
  const runner = createRunner(5_000);
  const startedAt = performance.now();
  const asked: number[] = [];
  const isDone = (pid: number): boolean => asked.push(pid) > 2;
  expect(await runner.run(["sleep", "3"], "", isDone)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(new Set(asked).size).toBe(1);
  expect((await runner.run(["false"], "", () => false)).code).toBe(1);
});

test("a program that is kept started has started before its next run, and each run gets one of its own", async () => {
  const program = ["sh", "-c", 'date +%s%3N; cat; [ "$(cat)" = "" ]'];
  const runner = createRunner(5_000, program);
  const first = await runner.run(program, "one");
  await sleep(200);
  const askedAt = Date.now();
  const second = await runner.run(program, "two");
  expect(first.stdout).toMatch(/^\d+\none$/);
  expect(second).toMatchObject({ code: 0, stderr: "" });
  expect(second.stdout).toMatch(/^\d+\ntwo$/);
  expect(Number.parseInt(second.stdout, 10)).toBeLessThan(askedAt);
  expect((await runner.run(["echo", "three"])).stdout).toBe("three\n");
});

test("a kept program that ends before it is needed, or is not there, is told like any other", async () => {
  const failing = createRunner(5_000, ["false"]);
  for (let at = 0; at < 3; at += 1) {
    expect((await failing.run(["false"])).code).toBe(1);
    await sleep(50);
  }
  const missing = createRunner(5_000, ["arctic-no-such-program"]);
  for (let at = 0; at < 3; at += 1) {
    expect((await missing.run(["arctic-no-such-program"])).code).toBe(127);
    await sleep(50);
  }
});

test("the memory runner records what was run", async () => {
  const runner = createMemoryRunner(() => ({}));
  await runner.run(["nft", "-f", "-"], "table");
  expect(runner.recorded).toEqual([{ argv: ["nft", "-f", "-"], stdin: "table" }]);
});

function memoryTwin(): Runner {
  return createMemoryRunner(([program, ...args], stdin) => {
    if (program === "cat") return { stdout: stdin };
    if (program === "echo") return { stdout: `${args.join(" ")}\n` };
    if (program === "true") return {};
    return program === "false" ? { code: 1 } : undefined;
  });
}
