import { parseArgs } from "node:util";

export type Options = {
  /** Ends after the checks instead of staying up. */
  once: boolean;
  /** The result as JSON on stdout; what is told goes to stderr. */
  json: boolean;
  /** Shows what a host without root sees. */
  controlPlane: boolean;
  runDirectory: string;
};

export const usage = `npm start -- [--once] [--json] [--control-plane] [--run-dir DIR]

  --once           run the checks, remove everything, exit 0 only if every check held
  --json           the result as JSON on stdout, the story on stderr
  --control-plane  three agents on loopback, without traffic, as on a host without root
  --run-dir DIR    where state and logs go while it runs (must not hold anything else)
`;

/** Throws what a person mistyped, in words. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      "control-plane": { type: "boolean", default: false },
      "run-dir": { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { once, json } = values;
  return {
    once,
    json,
    controlPlane: values["control-plane"],
    runDirectory: values["run-dir"] ?? defaultRunDirectory(),
  };
}

function defaultRunDirectory(): string {
  if (process.getuid?.() === 0) return "/run/arctic-quickstart";
  const own = process.env.XDG_RUNTIME_DIR;
  return own ? `${own}/arctic-quickstart` : `/tmp/arctic-quickstart-${process.getuid?.() ?? "user"}`;
}
