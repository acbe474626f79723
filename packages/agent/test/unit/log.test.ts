import { describe, expect, it } from "vitest";
import { createLog, type LogOptions } from "../../src/log.ts";

/** Clearly fake ones, of the right form. */
const SECRET = `sec_${"notARealSecret".repeat(4)}`;
const TOKEN = `eyJ${"notARealToken".repeat(3)}.eyJ${"notARealToken".repeat(3)}.${"notASignature".repeat(4)}`;

describe.each<LogOptions["format"]>(["json", "text"])("a log line as %s", (format) => {
  const lines: string[] = [];
  const log = createLog({ format, level: "debug", write: (line) => lines.push(line) });
  const lineOf = (event: string, fields: Readonly<Record<string, unknown>>) => {
    log.info(event, fields);
    return lines.at(-1) ?? "";
  };

  it("shows no client secret and no token, wherever in it they turn up", () => {
    for (const value of [SECRET, TOKEN, SECRET.slice(0, 30), TOKEN.slice(0, 60), [SECRET], { deep: { er: TOKEN } }]) {
      const line = lineOf("api.failed", { reason: `it said ${JSON.stringify(value)} and more`, value });
      expect(line).toContain("api.failed");
      expect(line).toContain("and more");
      expect(line).not.toMatch(/notAReal/);
    }
    expect(lineOf(`a.${SECRET}`, {})).not.toMatch(/notAReal/);
  });

  it("shows nothing of a field whose name says that it is secret", () => {
    const plain = "a word that looks like nothing";
    for (const name of [
      "client_secret",
      "access_token",
      "authorization",
      "token",
      "secret",
      "secret_key",
      "private_key",
    ])
      for (const fields of [{ [name]: plain }, { request: { [name]: plain } }]) {
        const line = lineOf("x", fields);
        expect(line).toContain("[hidden]");
        expect(line).not.toContain(plain);
      }
  });

  it("is one line, whatever is in it", () => {
    const line = lineOf("peer.named", { name: "one\nERROR two\r\nthree" });
    expect(line.endsWith("\n")).toBe(true);
    expect(line.slice(0, -1)).not.toMatch(/[\r\n]/);
  });
});
