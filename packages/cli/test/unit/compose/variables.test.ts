import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parseCompose } from "../../../src/compose/read.ts";
import { escapeVariables, readEnvFile } from "../../../src/compose/variables.ts";
import { fileWarnings } from "../../../src/compose/warnings.ts";
import { failureOf } from "../../support/failure-of.ts";

const directory = mkdtempSync(join(tmpdir(), "arctic-variables-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is what the file says */
test("values stand in for variables, as the type that they have without quotes", () => {
  const text = [
    "version: v1",
    "peers:",
    "  - {name: '${A}', address: '${HOST:-10.0.0.1}:8080'}",
    "  - {name: 'b-${A}', address: b}",
    "services:",
    "  - name: $${A}",
    "    source_peer: ${A}",
    "    target_peer: b-${A}",
    "    qos: {bandwidth_limit_mbps: 5}",
    "    routes:",
    "      - priority: ${P}",
    "        dest_cidr: 10.0.0.0/8",
  ].join("\n");
  const { peers, services } = parseCompose(text, "c", { A: "alpha", P: "7" });
  expect(peers.map(({ name, address }) => `${name} ${address}`)).toEqual(["alpha 10.0.0.1:8080", "b-alpha b"]);
  expect(services[0]).toMatchObject({ name: "${A}", source_peer: "alpha", routes: [{ priority: 7 }] });
});

test("one without a value is named with its place", () => {
  const text = "version: v1\npeers:\n  - name: a\n    address: ${NOWHERE}\n";
  expect(failureOf(() => parseCompose(text, "c.yaml", {})).message).toBe(
    "c.yaml:4:14: the variable NOWHERE has no value.",
  );
});

test("what is escaped comes out as it was", () => {
  const name = "a ${B} c";
  const text = `version: v1\npeers:\n  - name: ${JSON.stringify(escapeVariables(name))}\n    address: a\n`;
  expect(parseCompose(text, "c", {}).peers[0]?.name).toBe(name);
});

test("a variables file has NAME=value lines", () => {
  const path = join(directory, "vars.env");
  writeFileSync(path, "# hosts\nA=1\nexport B='two words'\n\nC=\n");
  expect(readEnvFile(path)).toEqual({ A: "1", B: "two words", C: "" });
  writeFileSync(path, "A=1\nsome secret\n");
  const failure = failureOf(() => readEnvFile(path));
  expect(failure.message).toBe(`${path}:2: is not NAME=value.`);
});
/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is what the file says */

test("a route that two services of one source have is worth a warning", () => {
  const service = (name: string) =>
    `  - {name: ${name}, source_peer: a, target_peer: b, routes: [{dest_cidr: 10.0.0.0/8}]}\n`;
  const text = `version: v1\npeers: [{name: a, address: a}, {name: b, address: b}]\nserver: {features: {webui: true}}\nservices:\n${service("x")}${service("y")}`;
  expect(fileWarnings(parseCompose(text, "c"))).toEqual([
    "server.features.webui is reserved and does nothing yet",
    "the route any to 10.0.0.0/8, priority 0: x and y both have it at a",
  ]);
});
