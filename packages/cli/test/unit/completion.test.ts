import { expect, test } from "vitest";
import { answerTo, type KnownNames } from "../../src/completion/answer.ts";
import { treeFromCommands } from "../../src/completion/tree-from-commands.ts";

const tree = await treeFromCommands();
const names: KnownNames = {
  peers: [
    { id: "peer_0A", name: "alpha" },
    { id: "peer_0B", name: "beta" },
  ],
  services: [{ id: "svc_0A", name: "lan" }],
  clusters: [{ id: "clu_0A", name: "production" }],
};

/** The words that would go on with the line; `files` where the shell is to name files. */
function after(line: string): string[] | "files" {
  const answer = answerTo(line.split(" "), tree, names);
  return answer.type === "files" ? "files" : answer.candidates.map(({ value }) => value);
}

test("topics, then verbs", () => {
  expect(after("pe")).toEqual(["peers"]);
  expect(after("")).toContain("compose");
  expect(after("peers ")).toEqual(["add", "delete", "get", "list", "remove-self", "update"]);
  expect(after("peers frob ")).toEqual([]);
});

test("names of peers, services and clusters where they belong", () => {
  expect(after("peers get ")).toEqual(["alpha", "beta"]);
  expect(after("peers get b")).toEqual(["beta"]);
  expect(after("services delete ")).toEqual(["lan"]);
  expect(after("routes list --service ")).toEqual(["lan"]);
  expect(after("services create --name x --target-peer a")).toEqual(["alpha"]);
  expect(after("services create --target-peer=a")).toEqual(["--target-peer=alpha"]);
  expect(after("config use ")).toEqual(["production"]);
});

test("ids once their beginning is typed", () => {
  expect(after("peers get peer_")).toEqual(["peer_0A", "peer_0B"]);
  expect(after("services get svc_")).toEqual(["svc_0A"]);
});

test("flags that are not given yet, and their values", () => {
  expect(after("peers list --l")).toEqual(["--local"]);
  expect(after("peers list --local --lo")).toEqual([]);
  expect(after("peers list -o ")).toEqual(["table", "json", "yaml"]);
  expect(after("services update lan --no-f")).toEqual(["--no-fully-transparent"]);
  expect(after("autocomplete ")).toEqual(["bash", "zsh", "fish"]);
});

test("an argument that is given is not asked for again", () => {
  expect(after("peers get alpha --js")).toEqual(["--json"]);
  expect(after("peers get alpha a")).toEqual([]);
  expect(after("peers get --output json al")).toEqual(["alpha"]);
});

test("files are left to the shell", () => {
  expect(after("compose apply -f ")).toBe("files");
  expect(after("license verify ")).toBe("files");
  expect(after("license issue --key=")).toBe("files");
});
