import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { OPERATIONS, type Operation } from "../../src/api/operations.ts";

const PATH = new URL("../../../../docs/api.md", import.meta.url);
const HEAD = "| route | access | done | license |";

describe("docs/api.md", () => {
  it("lists every route as the code has it", () => {
    const rows = (Object.values(OPERATIONS) as Operation[]).map(rowOf);
    const text = readFileSync(PATH, "utf8");
    // The formatter pads tables.
    const lines = text.split("\n").map((line) => (line.startsWith("|") ? line.replace(/ +/g, " ") : line));
    const from = lines.indexOf(HEAD) + 2;
    const listed = lines.slice(from, lines.indexOf("", from));
    // After a change that is meant: WRITE_OPENAPI=1 vitest run --project unit api-document
    if (process.env.WRITE_OPENAPI === "1")
      writeFileSync(PATH, [...lines.slice(0, from), ...rows, ...lines.slice(from + listed.length)].join("\n"));
    else expect(listed).toEqual(rows);
  });
});

function rowOf({ method, path, access, place, license, effect }: Operation): string {
  const who = access === "any_token" ? "any token" : access === "own_rule" ? "its own rule" : access;
  const where = place === "entry" ? "by the entry peer" : "here";
  const until = license === "lasting" ? "always" : effect === "write" ? "until read-only" : "until suspended";
  return `| ${method} \`${path}\` | ${access === "public" ? "anybody" : who} | ${where} | ${until} |`;
}
