import { fileURLToPath } from "node:url";

/** How a worker is started: with as few rights as this host lets us give it. */

/** From the fewest rights to the most. */
export type WorkerRights =
  /** A user of its own without a name, and CAP_NET_RAW alone. */
  | "own_user"
  /** Root's files, but CAP_NET_RAW alone. */
  | "root_without_capabilities"
  /** All that the parent has. */
  | "parent";

export interface WorkerCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** A user id below systemd's dynamic range that no distribution hands out. */
const WORKER_UID = "60961";
const CAPABILITY = "-all,+net_raw";

/** What to try, best first. Only root has rights to shed. */
export function rightsToTry(uid: number): readonly WorkerRights[] {
  return uid === 0 ? ["own_user", "root_without_capabilities", "parent"] : ["parent"];
}

/** `execPath` is the Node to run, `workerPath` the worker's source or its bundle. */
export function workerCommand(rights: WorkerRights, execPath: string, workerPath: string): WorkerCommand {
  const isSource = workerPath.endsWith(".ts");
  const node = [execPath, ...(isSource ? ["--conditions=arctic-source", "--no-warnings"] : []), workerPath];
  const [command = execPath, ...args] = [...setprivFor(rights), ...node];
  return { command, args };
}

/** Beside this file: `worker.ts` in the source tree, `pegasus-worker.js` in the bundle. */
export function workerPathFrom(moduleUrl: string): string {
  return fileURLToPath(new URL(moduleUrl.endsWith(".ts") ? "./worker.ts" : "./pegasus-worker.js", moduleUrl));
}

function setprivFor(rights: WorkerRights): string[] {
  const bounds = [`--bounding-set=${CAPABILITY}`, "--no-new-privs"];
  switch (rights) {
    case "own_user":
      return [
        "setpriv",
        `--reuid=${WORKER_UID}`,
        `--regid=${WORKER_UID}`,
        "--clear-groups",
        `--inh-caps=${CAPABILITY}`,
        `--ambient-caps=${CAPABILITY}`,
        ...bounds,
      ];
    case "root_without_capabilities":
      return ["setpriv", "--inh-caps=-all", ...bounds];
    case "parent":
      return [];
  }
}
