import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

const CREATE_ANEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Files that hold secrets: one owner, mode 0600, never through a symlink, on disk before anybody relies on them. */

/** Makes the directory (0700) where it is missing. Throws where others may write into it. */
export function prepareStateDir(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { mode, uid } = statSync(path);
  if ((mode & 0o022) !== 0) throw new Error(`${path} can be written by others: run chmod 700 ${path}`);
  if (uid !== ownUid() && uid !== 0) throw new Error(`${path} belongs to another user: run chown for the agent's user`);
}

/** Throws where this process runs as another user than the directory's, who then could not read what it leaves there. */
export function checkOwnDirectory(path: string): void {
  if (statSync(path).uid !== ownUid()) throw new Error(`${path} belongs to another user: run this as the agent's user`);
}

/** The file's text without its last newline, or `undefined` where there is none. Throws where it is not safe to use. */
export function readSecretFile(path: string): string | undefined {
  return withSecretFile(path, (descriptor) => readFileSync(descriptor, "utf8").replace(/\n$/, ""));
}

/** Throws where the file is not safe to use. */
export function checkSecretFile(path: string): void {
  withSecretFile(path, () => undefined);
}

function withSecretFile<T>(path: string, use: (descriptor: number) => T): T | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isSymbolicLink()) throw new Error(`${path} is a symlink: put the file itself there`);
  if (!found.isFile()) throw new Error(`${path} is not a regular file`);
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { mode, uid } = fstatSync(descriptor);
    if ((mode & 0o077) !== 0) throw new Error(`${path} can be read by others: run chmod 600 ${path}`);
    if (uid !== ownUid() && uid !== 0) throw new Error(`${path} belongs to another user`);
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a new file. Throws where one is there already. */
export function createSecretFile(path: string, text: string): void {
  const descriptor = openSync(path, CREATE_ANEW, 0o600);
  try {
    writeSync(descriptor, `${text}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncDirectory(dirname(path));
}

/** Makes a new, empty file for another writer to fill. Throws where one is there already. */
export function createEmptySecretFile(path: string): void {
  closeSync(openSync(path, CREATE_ANEW, 0o600));
}

/** Returns once what was written to the file is on disk. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Puts a new file in the place of whatever was there. */
export function replaceSecretFile(path: string, text: string): void {
  removeFile(`${path}.new`);
  createSecretFile(`${path}.new`, text);
  renameFile(`${path}.new`, path);
}

export function renameFile(from: string, to: string): void {
  renameSync(from, to);
  syncDirectory(dirname(to));
}

export function removeFile(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  unlinkSync(path);
  syncDirectory(dirname(path));
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}
