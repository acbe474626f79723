import { expect, test } from "vitest";
import { resolveCommand } from "../../src/resolve-command.ts";

const IDS = ["peers:list", "peers:get", "peers:remove-self", "version", "config:view"];

test.each([
  [[], { type: "help", words: [] }],
  [["--help"], { type: "help", words: [] }],
  [["--version"], { type: "version" }],
  [["peers"], { type: "help", words: ["peers"] }],
  [["peers", "--help"], { type: "help", words: ["peers"] }],
  [["help", "peers", "get"], { type: "help", words: ["peers", "get"] }],
  [["peers", "get", "-h"], { type: "help", words: ["peers", "get"] }],
  [["peers", "get", "alpha", "--json"], { type: "command", id: "peers:get", rest: ["alpha", "--json"] }],
  [["peers", "get", "--", "--help"], { type: "command", id: "peers:get", rest: ["--", "--help"] }],
  [["version"], { type: "command", id: "version", rest: [] }],
  [["--json", "peers"], { type: "flag_first", flag: "--json" }],
  [["peers", "lst"], { type: "unknown", words: ["peers", "lst"], similar: ["peers list", "peers get"] }],
  [["verison"], { type: "unknown", words: ["verison"], similar: ["version"] }],
  [["frob"], { type: "unknown", words: ["frob"], similar: [] }],
])("%j", (argv, expected) => {
  expect(resolveCommand(argv, IDS)).toEqual(expected);
});
