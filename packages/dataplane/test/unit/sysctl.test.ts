import { expect, test } from "vitest";
import type { DesiredSysctl } from "../../src/kernel/desired.ts";
import { applySysctls, commandFor, memorySysctls, type SysctlJournal } from "../../src/kernel/sysctl.ts";

const LAN = "net/ipv4/conf/lan0/forwarding";
const OWN = "net/ipv4/conf/arx-X/forwarding";
const setting = (path: string, value: string, isForeign: boolean): DesiredSysctl => ({
  path,
  value,
  isForeign,
  owner: "host",
});
const noSave = async (): Promise<void> => {};

test("the old value of a foreign setting is saved before the setting is changed", async () => {
  const sysctls = memorySysctls({ [LAN]: "0" });
  const saved: [SysctlJournal, string | undefined][] = [];
  const { journal } = await applySysctls(sysctls, [setting(LAN, "1", true)], {}, async (next) => {
    saved.push([next, sysctls.values[LAN]]);
  });
  expect(saved[0]).toEqual([{ [LAN]: { before: "0", ours: "1" } }, "0"]);
  expect(sysctls.values[LAN]).toBe("1");
  expect(journal).toEqual({ [LAN]: { before: "0", ours: "1" } });
});

test("a setting that is wanted no more gets its old value back", async () => {
  const sysctls = memorySysctls({ [LAN]: "1" });
  const { journal } = await applySysctls(sysctls, [], { [LAN]: { before: "0", ours: "1" } }, noSave);
  expect(sysctls.values[LAN]).toBe("0");
  expect(journal).toEqual({});
});

test("a setting that somebody else has changed since is theirs", async () => {
  const sysctls = memorySysctls({ [LAN]: "2" });
  await applySysctls(sysctls, [], { [LAN]: { before: "0", ours: "1" } }, noSave);
  expect(sysctls.values[LAN]).toBe("2");
});

test("a setting that already has the value is not ours to put back", async () => {
  const { journal } = await applySysctls(memorySysctls({ [LAN]: "1" }), [setting(LAN, "1", true)], {}, noSave);
  expect(journal).toEqual({});
});

test("settings of our own links are set and not remembered", async () => {
  const sysctls = memorySysctls({ [OWN]: "0" });
  const { journal } = await applySysctls(sysctls, [setting(OWN, "1", false)], {}, noSave);
  expect([sysctls.values[OWN], journal]).toEqual(["1", {}]);
});

test("applying twice writes once and keeps the first old value", async () => {
  const sysctls = memorySysctls({ [LAN]: "0" });
  const first = await applySysctls(sysctls, [setting(LAN, "1", true)], {}, noSave);
  const second = await applySysctls(sysctls, [setting(LAN, "1", true)], first.journal, noSave);
  expect(second.journal).toEqual({ [LAN]: { before: "0", ours: "1" } });
});

test("after a reboot the journal's word of a value that is no longer ours is forgotten and the new old value saved", async () => {
  const sysctls = memorySysctls({ [LAN]: "0" });
  const { journal } = await applySysctls(
    sysctls,
    [setting(LAN, "1", true)],
    { [LAN]: { before: "1", ours: "1" } },
    noSave,
  );
  expect(journal).toEqual({ [LAN]: { before: "0", ours: "1" } });
});

test("a setting that may not be written is reported with the command to run", async () => {
  const sysctls = { ...memorySysctls({ [LAN]: "0" }), write: async () => Promise.reject(new Error("EACCES")) };
  const { failures, journal } = await applySysctls(sysctls, [setting(LAN, "1", true)], {}, noSave);
  expect(failures.map((failure) => failure.command)).toEqual([`sysctl -w ${LAN}=1`]);
  expect(commandFor({ path: LAN, value: "1" })).toBe("sysctl -w net/ipv4/conf/lan0/forwarding=1");
  expect(journal).toEqual({});
});
