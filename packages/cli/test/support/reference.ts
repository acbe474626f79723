import { BaseCommand } from "../../src/base-command.ts";
import { COMMANDS, type CommandClass } from "../../src/commands.ts";
import { TOPICS } from "../../src/view/help.ts";

type Flag = CommandClass["baseFlags"][keyof CommandClass["baseFlags"]];

/** `docs/cli.md`, from what the commands declare. */
export async function referenceText(): Promise<string> {
  const ids = Object.keys(COMMANDS);
  const alone = ids.filter((id) => !id.includes(":"));
  const topics = Object.entries(TOPICS).sort(([a], [b]) => (a < b ? -1 : 1));
  const sections = await Promise.all([
    ...topics.map(async ([topic, { description }]) => {
      const commands = await Promise.all(ids.filter((id) => id.startsWith(`${topic}:`)).map(commandText));
      return [`## arctic ${topic}`, description, ...commands].join("\n\n");
    }),
    ...alone.map(async (id) => (await commandText(id)).replace(/^###/, "##")),
  ]);
  return `${[HEAD, globalFlags(), TAIL, ...sections].join("\n\n")}\n`;
}

const HEAD = `# The \`arctic\` command

Written from the commands themselves; a test compares. After a change: \`npx vitest run --project unit -u packages/cli/test/unit/reference.test.ts\`.
How a cluster is run with it from the first day on is told in [operations.md](operations.md).

\`arctic TOPIC VERB [ARGUMENTS] [FLAGS]\`. Data goes to stdout, everything else to stderr. Names stand wherever ids do.`;

const TAIL = `## Exit codes

| code | when |
|---|---|
| 0 | it is done |
| 1 | the agent refused, or a check said no |
| 2 | the line is wrong; of \`compose diff\`, the cluster is not as the file says |
| 3 | a configuration or compose file is wrong, or open to others |
| 4 | no agent answered: none there, another certificate than the known ones, a proxy between |
| 5 | the token or the secret is wrong, has expired, or lacks the scope |
| 6 | some of it is done: peers were out of reach, or something was kept |

With \`--json\` an error is one JSON object on stderr: \`error\`, \`code\`, and where there are any \`next\` and \`details\`.

## Environment

| variable | what |
|---|---|
| \`ARCTIC_CONFIG\` | the configuration file, as \`--config\` |
| \`ARCTIC_TOKEN\` | an access token, as \`--token\` |
| \`ARCTIC_RECOVERY_TOKEN\` | the host's recovery token, as \`--recovery-token\` |
| \`XDG_CONFIG_HOME\`, \`XDG_CACHE_HOME\` | where \`arctic/\` is, in place of \`~/.config\` and \`~/.cache\` |
| \`NO_COLOR\` | no colours |
| \`ARCTIC_DEBUG\` | a bug shows where it happened |

## Configuration

\`$XDG_CONFIG_HOME/arctic/config.yaml\`, mode 0600; a file that others may open is refused. Written by \`bootstrap\` and
\`compose apply --save-config\`, shown by \`config view\`. Endpoints are tried in order; accepted are the certificates that the
cluster's signed peer records name.

\`\`\`yaml
current_cluster: clu_…
clusters:
  clu_…:
    cluster_id: clu_…
    customer_id: cust_…
    client_id: cli_…
    client_secret: sec_…
    name: production        # arctic config set name production
    default_peer: peer_…    # tried first
    peers:
      - {peer_id: peer_…, name: alpha, endpoints: ["10.0.0.1:8080"], tls_fingerprint: …}
preferences:
  output_format: table      # table, json, yaml
  timeout: 30               # seconds for one answer
  cache_ttl: 3600           # seconds for which completions trust their cache
  color: auto               # auto, never
\`\`\`

\`$XDG_CACHE_HOME/arctic\` holds what may be deleted at any time: an access token of each cluster (0600, an hour at most, and
not used once the secret has changed), the names that completions know, and compiled code.`;

async function commandText(id: string): Promise<string> {
  const load = COMMANDS[id];
  if (load === undefined) throw new Error(`${id} is in no table`);
  const { default: command } = await load();
  const words = id.replaceAll(":", " ");
  const { flags = {}, args = {}, examples = [] } = command;
  return [
    `### arctic ${words}`,
    [command.summary, command.description].filter((text) => text !== undefined).join(" "),
    code([
      `arctic ${words}${Object.entries(args).map(argText).join("")}${Object.entries(flags).map(flagText).join("")}`,
    ]),
    ...(Object.keys(args).length + Object.keys(flags).length === 0
      ? []
      : [
          [
            "| | |",
            "|---|---|",
            ...Object.entries(args).map(([name, { description }]) => `| \`${name.toUpperCase()}\` | ${description} |`),
            ...Object.entries(flags).map(flagRow),
          ].join("\n"),
        ]),
    code(examples.map((example) => filled(String(example), words))),
  ].join("\n\n");
}

function globalFlags(): string {
  const rows = Object.entries(BaseCommand.baseFlags).map(flagRow);
  return ["## Flags of every command", ["| | |", "|---|---|", ...rows].join("\n")].join("\n\n");
}

function argText([name, { required }]: [string, { required?: boolean }]): string {
  return required === true ? ` ${name.toUpperCase()}` : ` [${name.toUpperCase()}]`;
}

function flagText([name, flag]: [string, Flag]): string {
  const text = `--${name}${valueText(name, flag)}`;
  return flag.required === true ? ` ${text}` : ` [${text}]`;
}

function flagRow([name, flag]: [string, Flag]): string {
  const short = flag.char === undefined ? "" : `\`-${flag.char}\`, `;
  const isNegated = flag.type === "boolean" && flag.allowNo === true;
  const options = flag.type === "option" ? flag.options : undefined;
  const choice = options === undefined ? "" : ` One of ${options.join(", ")}.`;
  return `| ${short}\`--${isNegated ? "[no-]" : ""}${name}${valueText(name, flag)}\` | ${flag.summary}${choice} |`;
}

function valueText(name: string, flag: Flag): string {
  if (flag.type !== "option") return "";
  return ` ${typeof flag.helpValue === "string" ? flag.helpValue : name.toUpperCase()}`;
}

function filled(example: string, words: string): string {
  return example.replaceAll("<%= config.bin %>", "arctic").replaceAll("<%= command.id %>", words);
}

function code(lines: readonly string[]): string {
  return ["```sh", ...lines, "```"].join("\n");
}
