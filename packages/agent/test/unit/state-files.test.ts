import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadIdentity, preparePeerKey } from "../../src/state/peer-key.ts";
import { createSecretFile, prepareStateDir, replaceSecretFile } from "../../src/state/secret-file.ts";
import { openDatabaseFile } from "../../src/store/database-file.ts";
import { crypto } from "../helpers/records.ts";

describe("the files of an agent's state", () => {
  let directory = "";
  const at = (name: string) => join(directory, name);
  const modeOf = (path: string) => statSync(path).mode & 0o777;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "arctic-files-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("are in a directory for their owner alone, and not in one that others may write", () => {
    prepareStateDir(at("new"));
    expect(modeOf(at("new"))).toBe(0o700);
    for (const mode of [0o777, 0o770, 0o720, 0o702]) {
      mkdirSync(at(`${mode}`));
      chmodSync(at(`${mode}`), mode);
      expect(() => prepareStateDir(at(`${mode}`))).toThrow(/can be written by others: run chmod 700/);
    }
  });

  it("are made for their owner alone, and never in the place of a file or a symlink", () => {
    createSecretFile(at("key"), "one");
    expect(modeOf(at("key"))).toBe(0o600);
    expect(() => createSecretFile(at("key"), "two")).toThrow(/EEXIST/);
    expect(readFileSync(at("key"), "utf8")).toBe("one\n");
    symlinkSync(at("elsewhere"), at("link"));
    expect(() => createSecretFile(at("link"), "three")).toThrow(/EEXIST|ELOOP/);
    expect(statSync(at("elsewhere"), { throwIfNoEntry: false })).toBeUndefined();
  });

  it("take the place of a token that others may read, and do not follow a symlink to do it", () => {
    closeSync(openSync(at("other"), "w", 0o644));
    symlinkSync(at("other"), at("token"));
    replaceSecretFile(at("token"), "fresh");
    expect([readFileSync(at("token"), "utf8"), modeOf(at("token"))]).toEqual(["fresh\n", 0o600]);
    expect(readFileSync(at("other"), "utf8")).toBe("");
  });

  it("are closed where a database was open to others", () => {
    closeSync(openSync(at("arctic.sqlite"), "w", 0o644));
    chmodSync(at("arctic.sqlite"), 0o644);
    openDatabaseFile(at("arctic.sqlite")).close();
    expect(modeOf(at("arctic.sqlite"))).toBe(0o600);
  });

  it("hold one peer key: it is not made anew beside one, and a database without its peer is no reason to", () => {
    createSecretFile(at("peer.key"), "a key that is there");
    expect(() => preparePeerKey(directory, crypto.randomBytes(32))).toThrow(/peer\.key is there already/);
    expect(() => loadIdentity(directory, undefined, crypto)).toThrow(/the database knows no peer/);
    expect(readFileSync(at("peer.key"), "utf8")).toBe("a key that is there\n");
  });
});
