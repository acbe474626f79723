import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSuccessor, type License } from "@arctic/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runArctic } from "../support/arctic.ts";

let directory = "";
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "arctic-license-"));
  await arctic("license", "keygen", "--out", at("root.key"), "--roots", at("roots.json"));
  await arctic("license", "issue", "--key", at("root.key"), ...limits, "--out", at("license.json"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const limits = ["--max-nodes", "3", "--max-services", "5", "--expires", "10d"];

async function arctic(...args: string[]) {
  const ran = await runArctic(args);
  if (ran.code !== 0) throw new Error(ran.stderr);
  return ran;
}

test("a root is for its owner alone and is never overwritten", async () => {
  expect(statSync(at("root.key")).mode & 0o777).toBe(0o600);
  const before = readFileSync(at("root.key"), "utf8");
  const { code, stderr } = await runArctic(["license", "keygen", "--out", at("root.key"), "--roots", at("new.json")]);
  expect(code).toBe(2);
  expect(stderr).toContain("is not replaced");
  expect(readFileSync(at("root.key"), "utf8")).toBe(before);
});

test("the roots file holds the public half, limited to one customer", () => {
  const roots = JSON.parse(readFileSync(at("roots.json"), "utf8"));
  const { secret_key, ...root } = JSON.parse(readFileSync(at("root.key"), "utf8"));
  expect(roots).toEqual([root]);
  expect(JSON.stringify(roots)).not.toContain(secret_key);
  expect(root.customer_id).toMatch(/^cust_/);
});

test("an issued license verifies, and a changed one does not", async () => {
  const { stdout } = await arctic("license", "verify", at("license.json"), "--roots", at("roots.json"), "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    valid: true,
    state: "warning",
    license: { max_nodes: 3, max_services: 5 },
  });
  writeFileSync(
    at("changed.json"),
    readFileSync(at("license.json"), "utf8").replace('"max_nodes": 3', '"max_nodes": 4'),
  );
  const changed = await runArctic(["license", "verify", at("changed.json"), "--roots", at("roots.json"), "--json"]);
  expect(changed.code).toBe(1);
  expect(JSON.parse(changed.stderr)).toMatchObject({ code: "LICENSE_SIGNATURE_INVALID" });
});

test("a renewed license is the successor of the old one", async () => {
  const renew = ["license", "renew", "--key", at("root.key"), "--license", at("license.json"), "--expires", "400d"];
  const { stdout } = await arctic(...renew, "--max-nodes", "9");
  const [held, next] = [readFileSync(at("license.json"), "utf8"), stdout].map((text) => JSON.parse(text) as License);
  if (held === undefined || next === undefined) throw new Error("there is no license");
  expect(isSuccessor(held, next)).toBe(true);
  expect(next).toMatchObject({ license_id: held.license_id, max_nodes: 9, max_services: 5 });
});

test("a root signs for its own customer only", async () => {
  const foreign = "cust_01JD0000000000000000000000";
  const { code, stderr } = await runArctic([
    "license",
    "issue",
    "--key",
    at("root.key"),
    "--customer",
    foreign,
    ...limits,
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain("signs for cust_");
});

test.each(["0d", "-3d", "soon", "2001-01-01T00:00:00Z"])("--expires %s is refused", async (expires) => {
  const args = ["--max-nodes", "3", "--max-services", "5", `--expires=${expires}`];
  const { code, stderr } = await runArctic(["license", "issue", "--key", at("root.key"), ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain("--expires");
});
