import type { Recorder } from "./recorder.ts";

/** `docs/operations.md`: a cluster from nothing to its end. Every line is run as it is shown. */
export async function operations(record: Recorder): Promise<void> {
  record.say(`# Running a cluster

From nothing to a running cluster, and what comes up in its life. Every line here is run by a test against real agents; what
they answered is from such a run, with ids, secrets, keys and times replaced. The reference of the command is
[cli.md](cli.md), that of the agent [agent.md](agent.md).`);
  await license(record);
  await hosts(record);
  await founding(record);
  await anotherHost(record);
  await services(record);
  await health(record);
  await credentials(record);
  await renewal(record);
  await recovery(record);
  await backup(record);
  await leaving(record);
}

async function license(record: Recorder): Promise<void> {
  record.say(`## A license

A license makes hosts of one customer a cluster. Be your own vendor: a root signs licenses, and every agent gets the root's
public half. The key file stays with whoever issues licenses, and on no host.`);
  await record.run([
    "arctic license keygen --out root.key --roots roots.json",
    "arctic license issue --key root.key --max-nodes 5 --max-services 20 --expires 365d --out license.json",
    "arctic license verify license.json --roots roots.json -o yaml | head -2",
  ]);
}

async function hosts(record: Recorder): Promise<void> {
  record.say(`## The hosts

On each host, as root: \`roots.json\` under \`/etc/arctic\`, the agent's settings in \`/etc/arctic/agent.yaml\`, and the two services
started. The data plane carries traffic and is the only one with privileges; the agent works without it, and says so.

\`\`\`yaml
# /etc/arctic/agent.yaml: all that a host needs; arctic-agent --help names the rest
license_roots: /etc/arctic/roots.json
\`\`\`

\`\`\`sh
systemctl enable --now arctic-dataplane arctic-agent
\`\`\`

An agent that is no peer yet says so to anybody who asks:`);
  await Promise.all([record.start("alpha"), record.start("beta"), record.start("gamma")]);
  await record.run(`arctic cluster identity --url https://${record.addressOf("alpha")}`, 1);
}

async function founding(record: Recorder): Promise<void> {
  record.say(`## The cluster, in one file

The first host of the file founds the cluster, the others are added to it. Nothing is done before the whole file is checked.
\`--save-config\` keeps the cluster's client and its secret in your configuration, which nobody else may open: it is shown
by no one a second time. Each host's certificate is trusted from here on as it was first seen.`);
  record.file(
    "cluster.yaml",
    "yaml",
    `version: v1
license: license.json
peers:
  - name: alpha
    address: ${record.addressOf("alpha")}
  - name: beta
    address: ${record.addressOf("beta")}
services:
  - name: beta-lan
    source_peer: alpha
    target_peer: beta
    transport_type: tcp
    routes:
      - dest_cidr: 192.168.2.0/24
`,
  );
  await record.run(["arctic compose validate", "arctic compose apply --save-config"]);
  record.say("Applied again it does nothing. An apply that was interrupted goes on from where it was, the same way.");
  await record.until("arctic cluster status --json | grep -q '\"converged\": true'");
  await record.run(["arctic compose apply", "arctic config set name production", "arctic peers list"]);
  await record.run("arctic cluster status");
}

async function anotherHost(record: Recorder): Promise<void> {
  record.say(`## Another host

By the file: add it there and apply. By hand: bootstrap it with the key of the peer that will add it, so that nobody else can
take it, then add it with its own key. \`--config\` keeps its first client out of your own configuration. That client may do everything on
the cluster that the host joins; revoke it when the host is in (\`arctic credentials list\` shows it).`);
  const gamma = record.addressOf("gamma");
  const key = keyIn(await record.run("arctic cluster identity"));
  const bootstrap = `arctic bootstrap --url https://${gamma} --license-file license.json --name gamma`;
  const made = keyIn(await record.run(`${bootstrap} --accept-key ${key} --config gamma.yaml`));
  await record.run(`arctic peers add ${gamma} --name gamma --expect-key ${made}`);
}

async function services(record: Recorder): Promise<void> {
  record.say(`## Services and routes

A service carries traffic that enters its source peer to its target peer. Names stand wherever ids do. The source peer writes
the service; whichever peer you speak to sends the call on.`);
  await record.run([
    "arctic services create --source-peer alpha --target-peer gamma --name gamma-lan",
    "arctic routes add --service gamma-lan --dest-cidr 192.168.3.0/24",
    "arctic services list",
  ]);
  record.say(
    "The file and the cluster differ now: `diff` says how and ends with 2, `export` writes the cluster as a file.",
  );
  await record.run("arctic compose diff --prune", 2);
  await record.run([
    "arctic compose export --license-file license.json --out exported.yaml",
    "arctic compose diff -f exported.yaml --prune",
  ]);
}

async function health(record: Recorder): Promise<void> {
  record.say(`## Is it well?

\`health\` asks every agent without a token; \`--readyz\` tells check by check what an agent can do. Here no data plane runs
beside the agents, of which they warn. \`cluster status --watch\` shows the cluster in place until Ctrl-C.`);
  await record.run("arctic health");
  await record.run(`arctic health --readyz --url https://${record.addressOf("alpha")}`);
}

async function credentials(record: Recorder): Promise<void> {
  record.say(`## Access for others, and a new secret

A client of its own for each person and program, with no more than it needs. Its secret is shown once. Revoked, it and its
tokens end at once, on every peer.`);
  const made = await record.run("arctic credentials create --scopes peers.read,services.read");
  const client = /cli_\w+/.exec(made)?.[0] ?? "";
  await record.run(["arctic credentials list", `arctic credentials revoke ${client} --yes`]);
  record.say(`The cluster's own client gets a new secret at any time. The one before works for another 24 hours everywhere, so that nobody
is locked out, and whoever has taken it neither: what must end at once is a client of its own, and can be revoked.`);
  await record.run(["arctic credentials rotate --update-config --yes", "arctic peers list"]);
}

async function renewal(record: Recorder): Promise<void> {
  record.say(`## The license runs out

From 30 days before its end every agent warns. Renewed, it is put in on one peer and goes to all. Without a new one the cluster
goes on for 14 days, then nothing can be changed for 30 days while traffic is carried, then services stop.`);
  await record.run([
    "arctic license status",
    "arctic license renew --key root.key --license license.json --expires 730d --max-nodes 10 --out license-2.json",
    "arctic license update license-2.json",
  ]);
  await record.until("arctic license status --peer gamma --json | grep -q '\"max_nodes\": 10'");
  await record.run("arctic license status --peer gamma");
}

async function recovery(record: Recorder): Promise<void> {
  record.say(`## The secret is lost

Whoever may read a host's state directory may open its agent: \`recovery.token\` in it is new at each start and gives that host's
API to the one who shows it. On that host, with the certificate that \`cluster identity\` tells there, give the cluster's client a
new secret and put it into a configuration.`);
  const alpha = record.addressOf("alpha");
  const fingerprint =
    /SHA-256 (\w+)/.exec(await record.run(`arctic cluster identity --url https://${alpha}`))?.[1] ?? "";
  const way = `--url https://${alpha} --tls-fingerprint ${fingerprint} --recovery-token-file alpha/state/recovery.token`;
  await record.run([
    "rm .config/arctic/config.yaml",
    `arctic credentials rotate --update-config --yes ${way}`,
    "arctic peers list",
  ]);
}

async function backup(record: Recorder): Promise<void> {
  record.say(`## Backup and restore

A backup is made while the agent runs: the peer's identity and state in one file, mode 0600. It is as secret as the host.
Restored on a host whose state is lost, the peer is the same one again; what it has missed it learns from the others, and
nothing that was deleted comes back. Never run two agents from one backup: the cluster notices, and both stop writing.`);
  await record.run("arctic-agent backup alpha.backup --config alpha/agent.yaml");
  record.say("On the host that takes its place, with the agent stopped:");
  await record.stop("alpha");
  await record.run(["mv alpha/state alpha/lost", "arctic-agent restore alpha.backup --config alpha/agent.yaml"]);
  await record.start("alpha");
  record.say("And with the agent started:");
  await record.until("arctic cluster status --json | grep -q '\"converged\": true'");
  await record.run("arctic peers list");
}

async function leaving(record: Recorder): Promise<void> {
  record.say(`## Leaving

A host that goes in peace leaves: its services end with it, and its peer id never comes back. Bootstrapped anew, the host is a
new peer.`);
  await record.run("arctic peers remove-self --peer gamma --yes");
  record.say(`A host that is stolen or broken is revoked by another. Named are the peers that it brought in and the clients that it made;
\`--introduced\` and \`--credentials\` revoke those too, which is wise where somebody else may have held it.`);
  await record.run(["arctic peers delete beta --introduced --credentials --yes", "arctic peers list --all"]);
  record.say("The last one goes with its state directory. Forget the cluster and its secret:");
  await record.run(
    'arctic config delete-cluster $(arctic config list --json | sed -n \'s/.*"cluster_id": "\\(.*\\)".*/\\1/p\') --yes',
  );
}

function keyIn(shown: string): string {
  return /public key +(\S+)/.exec(shown)?.[1] ?? "";
}
