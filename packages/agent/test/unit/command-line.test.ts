import { describe, expect, it } from "vitest";
import { commandFromArguments } from "../../src/command-line.ts";

describe("the command line of arctic-agent", () => {
  it.each([
    [[], { type: "run", configPath: undefined }],
    [["--config", "a.yaml"], { type: "run", configPath: "a.yaml" }],
    [["--config=a.yaml", "backup", "b"], { type: "backup", file: "b", configPath: "a.yaml" }],
    [["restore", "b", "--config", "a.yaml"], { type: "restore", file: "b", configPath: "a.yaml" }],
    [["--help"], { type: "help" }],
    [["--version"], { type: "version" }],
  ])("understands %j", (args, command) => {
    expect(commandFromArguments(args)).toEqual(command);
  });

  it.each([
    [["--help", "x"], "--help stands alone"],
    [["--config"], "--config takes a file"],
    [["--config", "--version"], "--config takes a file"],
    [["--config", "a", "--config", "b"], "--config is given twice"],
    [["backup"], "backup takes one file: arctic-agent backup FILE"],
    [["restore", "a", "b"], "restore takes one file: arctic-agent restore FILE"],
    [["start"], "arctic-agent takes no start"],
    [["-v"], "arctic-agent takes no -v"],
  ])("refuses %j and says why", (args, problem) => {
    expect(commandFromArguments(args)).toEqual({ type: "wrong", problem: `${problem}: see arctic-agent --help` });
  });
});
