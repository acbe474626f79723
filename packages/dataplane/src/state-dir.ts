import { chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type * as z from "zod";

/** The data plane's folder (0700): keys, the last plan, numbers given out, what stood in sysctls. */
export interface StateDir {
  readonly path: string;
  /** Undefined when there is no such file. Throws when it does not fit the schema. */
  read<T extends z.ZodType>(name: string, schema: T): Promise<z.infer<T> | undefined>;
  /**
   * Replaces the file as a whole: after a crash it holds the old or the new text.
   * @param json of the value, where the caller has a shorter way to it.
   */
  write(name: string, value: unknown, json?: string): Promise<void>;
  remove(name: string): Promise<void>;
}

export async function openStateDir(path: string): Promise<StateDir> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  return {
    path,
    read: async (name, schema) => {
      const text = await readFile(join(path, name), "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      return text === undefined ? undefined : parse(join(path, name), text, schema);
    },
    write: async (name, value, json = JSON.stringify(value)) => {
      const target = join(path, name);
      const file = await open(`${target}.new`, "w", 0o600);
      try {
        await file.writeFile(`${json}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${target}.new`, target);
    },
    remove: (name) => rm(join(path, name), { force: true }),
  };
}

function parse<T extends z.ZodType>(path: string, text: string, schema: T): z.infer<T> {
  const fail = (why: string) => new Error(`${path} cannot be read (${why}): move it away and start again`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail("it is no JSON");
  }
  const result = schema.safeParse(value);
  if (!result.success) throw fail(result.error.issues[0]?.message ?? "it has another shape");
  return result.data;
}
