import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import * as z from "zod";
import type { DesiredSysctl } from "./desired.ts";

/** Kernel settings by their path below /proc/sys. */
export interface Sysctls {
  /** Undefined when this kernel, or the link, has no such setting. */
  read(path: string): Promise<string | undefined>;
  write(path: string, value: string): Promise<void>;
}

export function procSysctls(root = "/proc/sys"): Sysctls {
  return {
    read: async (path) => {
      try {
        // The kernel answers at once; a turn of the loop for each of a hundred settings would take milliseconds.
        return readFileSync(`${root}/${path}`, "utf8").trim();
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    write: (path, value) => writeFile(`${root}/${path}`, `${value}\n`),
  };
}

export function memorySysctls(values: Record<string, string>): Sysctls & { readonly values: Record<string, string> } {
  return {
    values,
    read: async (path) => values[path],
    write: async (path, value) => {
      if (!(path in values)) throw Object.assign(new Error(`no setting ${path}`), { code: "ENOENT" });
      values[path] = value;
    },
  };
}

/** What stood in foreign settings before we changed them, by path. On disk before the kernel is changed. */
export const sysctlJournalSchema = z.record(z.string(), z.strictObject({ before: z.string(), ours: z.string() }));
export type SysctlJournal = z.infer<typeof sysctlJournalSchema>;

export interface SysctlFailure {
  readonly setting: DesiredSysctl;
  /** The command that a person can run instead. */
  readonly command: string;
}

/**
 * Sets what is wanted and puts back what no longer is, where it is still ours. `save` gets the journal before each
 * change of the kernel.
 */
export async function applySysctls(
  sysctls: Sysctls,
  desired: readonly DesiredSysctl[],
  journal: SysctlJournal,
  save: (journal: SysctlJournal) => Promise<void>,
): Promise<{ journal: SysctlJournal; failures: SysctlFailure[] }> {
  const next: SysctlJournal = {};
  const wanted = new Map(desired.map((setting) => [setting.path, setting]));
  const restore: [path: string, value: string][] = [];
  for (const [path, entry] of Object.entries(journal)) {
    const isOurs = (await sysctls.read(path)) === entry.ours;
    const setting = wanted.get(path);
    if (isOurs && setting !== undefined) next[path] = { before: entry.before, ours: setting.value };
    else if (isOurs) restore.push([path, entry.before]);
  }
  const writes: DesiredSysctl[] = [];
  for (const setting of wanted.values()) {
    const current = await sysctls.read(setting.path);
    if (current === undefined || current === setting.value) continue;
    writes.push(setting);
    if (setting.isForeign) next[setting.path] ??= { before: current, ours: setting.value };
  }
  const failures: SysctlFailure[] = [];
  await save({ ...next, ...pending(restore, journal) });
  for (const [path, value] of restore) await sysctls.write(path, value).catch(() => {});
  for (const setting of writes) {
    try {
      await sysctls.write(setting.path, setting.value);
    } catch {
      failures.push({ setting, command: commandFor(setting) });
      delete next[setting.path];
    }
  }
  await save(next);
  return { journal: next, failures };
}

export const commandFor = ({ path, value }: Pick<DesiredSysctl, "path" | "value">): string =>
  `sysctl -w ${path}=${value}`;

function pending(restore: readonly [string, string][], journal: SysctlJournal): SysctlJournal {
  return Object.fromEntries(
    restore.flatMap(([path]) => {
      const entry = journal[path];
      return entry === undefined ? [] : [[path, entry]];
    }),
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
