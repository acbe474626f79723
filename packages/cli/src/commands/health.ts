import { createClient, fetchTlsFingerprint, type Readiness, type Trust } from "@arctic/agent/client";
import * as Flags from "@oclif/core/flags";
import type { GlobalFlags } from "../base-command.ts";
import { ClusterCommand } from "../cluster-command.ts";
import { endpointsOf, fingerprintsOf } from "../config/config.ts";
import { readConfig } from "../config/config-file.ts";
import { configFailure, EXIT, type ExitCode, Failure } from "../failure.ts";
import { failureFromClient } from "../session/client-failure.ts";
import { checkedEndpoint, configPathOf, currentCluster, givenTrust, timeoutMsOf } from "../session/session.ts";
import { table } from "../view/table.ts";

/** One agent to ask. */
interface Asked {
  readonly context: string;
  readonly endpoint: string;
  /** `undefined`: whoever answers, since no secret is sent. */
  readonly trust: Trust | undefined;
}

interface Answer {
  readonly context: string;
  readonly endpoint: string;
  readonly status: "ok" | "ready" | "not_ready" | "no_answer";
  readonly reason?: string;
  readonly checks?: Readiness["checks"];
}

export default class Health extends ClusterCommand {
  static override summary = "Ask agents whether they run, or with --readyz whether they can do their work.";
  static override description = [
    "Asks every endpoint of the current cluster, or the one of --url. No token is needed or sent.",
    "Exits 0 where all are well, 1 where one is not ready, 4 where none answers, 6 where some do not answer.",
  ].join(" ");
  static override examples = [
    "<%= config.bin %> <%= command.id %> --url https://10.0.0.1:8080",
    "<%= config.bin %> <%= command.id %> --readyz --all-contexts",
  ];
  static override flags = {
    readyz: Flags.boolean({ summary: "Ask for readiness, check by check." }),
    "all-contexts": Flags.boolean({ summary: "Ask the agents of every configured cluster.", exclusive: ["url"] }),
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(Health);
    const config = readConfig(configPathOf(flags));
    const timeoutMs = timeoutMsOf(flags, config);
    const agents = agentsToAsk(flags, flags["all-contexts"]);
    const answers = await Promise.all(agents.map((agent) => ask(agent, flags.readyz, timeoutMs)));
    await this.print(flags, { agents: answers }, () => answersTable(answers), config.preferences.output_format);
    return exitCodeOf(answers);
  }
}

function agentsToAsk(flags: GlobalFlags, isEveryContext: boolean): Asked[] {
  if (flags.url !== undefined)
    return [{ context: "--url", endpoint: checkedEndpoint(flags.url).text, trust: givenTrust(flags) }];
  const config = readConfig(configPathOf(flags));
  const current = currentCluster(config);
  const clusters = isEveryContext ? Object.values(config.clusters) : current === undefined ? [] : [current];
  if (clusters.length === 0) {
    throw configFailure(
      "no cluster is configured.",
      "Name an agent with --url, or make a cluster with arctic bootstrap.",
    );
  }
  return clusters.flatMap((cluster) =>
    endpointsOf(cluster).map((endpoint) => ({
      context: cluster.name ?? cluster.cluster_id,
      endpoint: checkedEndpoint(endpoint).text,
      trust: givenTrust(flags) ?? { type: "fingerprints", sha256: fingerprintsOf(cluster) },
    })),
  );
}

async function ask(agent: Asked, isReadiness: boolean, timeoutMs: number): Promise<Answer> {
  const { context, endpoint } = agent;
  try {
    const trust = agent.trust ?? (await firstSeen(endpoint, timeoutMs));
    const client = createClient({ endpoints: [endpoint], timeoutMs, ...(trust === undefined ? {} : { trust }) });
    try {
      if (!isReadiness) return { context, endpoint, status: (await client.getLive()).status };
      const { status, checks } = await client.getReady();
      return { context, endpoint, status, checks };
    } finally {
      client.close();
    }
  } catch (error) {
    const failure = failureFromClient(error);
    if (!(failure instanceof Failure)) throw error;
    return { context, endpoint, status: "no_answer", reason: failure.message };
  }
}

async function firstSeen(endpoint: string, timeoutMs: number): Promise<Trust | undefined> {
  if (!checkedEndpoint(endpoint).isTls) return undefined;
  return { type: "fingerprints", sha256: [await fetchTlsFingerprint(endpoint, timeoutMs)] };
}

function answersTable(answers: readonly Answer[]): string {
  const rows = answers.flatMap((answer) => [
    { ...answer, check: "" },
    ...(answer.checks ?? []).map((check) => ({
      context: "",
      endpoint: "",
      check: check.name,
      status: check.status,
      reason: check.reason,
    })),
  ]);
  return table(
    [
      { head: "context", cell: (row) => row.context },
      { head: "endpoint", cell: (row) => row.endpoint },
      { head: "check", cell: (row) => row.check },
      { head: "status", cell: (row) => row.status.replace("_", " ") },
      { head: "reason", cell: (row) => row.reason ?? "" },
    ],
    rows,
  );
}

function exitCodeOf(answers: readonly Answer[]): ExitCode {
  const silent = answers.filter((answer) => answer.status === "no_answer").length;
  if (silent === answers.length) return EXIT.connection;
  if (silent > 0) return EXIT.partial;
  return answers.some((answer) => answer.status === "not_ready") ? EXIT.general : EXIT.ok;
}
