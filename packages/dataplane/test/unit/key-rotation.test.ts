import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { KeyRotation } from "../../src/tempest/key-rotation.ts";

let folder: string;
const opened: KeyRotation[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "arctic-key-rotation-"));
});
afterEach(async () => {
  for (const rotation of opened.splice(0)) rotation.stop();
  await rm(folder, { recursive: true, force: true });
});

const DAY_MS = 86_400_000;

async function open(overlapMs = 60_000): Promise<{ rotation: KeyRotation; taken: Promise<void> }> {
  let tell = (): void => {};
  const taken = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const onFailed = (error: unknown): void => {
    throw error;
  };
  const rotation = await KeyRotation.open({ folder, overlapMs, lifetimeMs: 30 * DAY_MS, onTaken: tell, onFailed });
  opened.push(rotation);
  return { rotation, taken };
}

test("the key stays the same over starts, and WireGuard shows it as it is", async () => {
  const first = (await open()).rotation;
  const again = (await open()).rotation;
  expect(again.announced).toBe(first.announced);
  expect(again.current).toEqual(first.current);
  const { privateKey } = first.current;
  expect([(privateKey[0] ?? 0) & 7, (privateKey[31] ?? 0) >> 6]).toEqual([0, 1]);
});

test("a next key is announced at once and taken after the overlap", async () => {
  const { rotation, taken } = await open(20);
  const before = rotation.current;
  await rotation.begin();
  const announced = rotation.announced;
  expect(announced).not.toBe(before.publicKey);
  expect(rotation.current).toBe(before);
  await taken;
  expect(rotation.current.publicKey).toBe(announced);
  expect(existsSync(join(folder, "tunnel-next.key"))).toBe(false);
  expect((await open()).rotation.current.publicKey).toBe(announced);
});

test("asked twice, it announces one next key", async () => {
  const { rotation } = await open();
  await Promise.all([rotation.begin(), rotation.begin()]);
  const announced = rotation.announced;
  await rotation.begin();
  expect(rotation.announced).toBe(announced);
});

test("a start between announcing and taking goes on announcing, and keeps the key that it has", async () => {
  const { rotation } = await open();
  await rotation.begin();
  const again = (await open()).rotation;
  expect(again.announced).toBe(rotation.announced);
  expect(again.current.publicKey).toBe(rotation.current.publicKey);
});

test("a key that has outlived its time is followed by a next one, a younger one is not", async () => {
  const { rotation } = await open();
  await rotation.beginIfOld(Date.now() + 29 * DAY_MS);
  expect(rotation.announced).toBe(rotation.current.publicKey);
  const monthAgo = (Date.now() - 31 * DAY_MS) / 1000;
  await utimes(join(folder, "tunnel.key"), monthAgo, monthAgo);
  await rotation.beginIfOld(Date.now());
  expect(rotation.announced).not.toBe(rotation.current.publicKey);
  expect((await readFile(join(folder, "tunnel-next.key"), "utf8")).trim()).toMatch(/^[\w-]{43}$/);
});
