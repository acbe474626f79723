import { dirname, isAbsolute, join } from "node:path";
import type { License } from "@arctic/core";
import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { type Applied, applyPlan } from "../../compose/apply.ts";
import { checkLimits } from "../../compose/limits.ts";
import type { Plan } from "../../compose/plan.ts";
import { type Prepared, prepare } from "../../compose/prepare.ts";
import { readCompose } from "../../compose/read.ts";
import type { Compose } from "../../compose/schema.ts";
import { planText, planValue, stepText } from "../../compose/step-text.ts";
import { fileWarnings, planWarnings } from "../../compose/warnings.ts";
import {
  accessFrom,
  credentialsFileFlag,
  fileFlag,
  readingFlags,
  sayWarnings,
  variablesFrom,
} from "../../compose-flags.ts";
import { EXIT, usageFailure } from "../../failure.ts";
import { readLicense } from "../../license/license-file.ts";
import { confirm } from "../../prompt.ts";
import { failureFromClient } from "../../session/client-failure.ts";
import { countText } from "../../view/format.ts";
import { say, sayMeanwhile } from "../../view/output.ts";

export default class ComposeApply extends ClusterCommand {
  static override summary = "Make the cluster as the compose file says.";
  static override description = [
    "Bootstraps hosts that are no peers yet, adds them to the cluster, creates and updates services, and waits until every",
    "peer knows. Run again it does nothing more; interrupted and run again it goes on from where it was. Peers are never",
    "deleted, services only with --prune. A new cluster's client secret is shown by no one twice, so a bootstrap needs",
    `--save-config or --credentials-file. \${NAME} in the file is filled in from the environment. Exits 6 where --ignore-unreachable left something out.`,
  ].join(" ");
  static override examples = [
    "<%= config.bin %> <%= command.id %> -f cluster.yaml --save-config",
    "<%= config.bin %> <%= command.id %> -f cluster.yaml --license-file license.json --credentials-file credentials.yaml",
    "<%= config.bin %> <%= command.id %> -f cluster.yaml --prune --dry-run",
  ];
  static override flags = {
    file: fileFlag,
    "license-file": Flags.string({
      helpValue: "FILE",
      summary: "The license, in place of the one that the file names.",
    }),
    "save-config": Flags.boolean({ summary: "Keep a new cluster in the configuration and make it current." }),
    "credentials-file": credentialsFileFlag,
    "dry-run": Flags.boolean({ summary: "Show the plan and do nothing." }),
    prune: Flags.boolean({ summary: "Delete services that the file does not name. Asks first." }),
    "ignore-unreachable": Flags.boolean({ summary: "Go on without peers that are out of reach." }),
    ...readingFlags,
    "skip-validate": Flags.boolean({ summary: "Do without the check against the license's limits and the warnings." }),
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(ComposeApply);
    const compose = readCompose(flags.file, variablesFrom(flags));
    const isValidating = !flags["skip-validate"];
    if (isValidating) sayWarnings(fileWarnings(compose), flags);
    const access = accessFrom(flags, {
      isConfigSaved: flags["save-config"] && !flags["dry-run"],
      credentialsPath: flags["credentials-file"],
    });
    const options = { isPruning: flags.prune, isIgnoringUnreachable: flags["ignore-unreachable"] };
    const prepared = await prepare(compose, access, options).catch((error: unknown) => {
      throw failureFromClient(error);
    });
    try {
      const { plan } = prepared;
      if (flags.strict && isValidating && !flags.prune) sayWarnings(planWarnings(plan), flags);
      if (flags["dry-run"]) {
        await this.print(flags, planValue(plan), () => planText(plan));
        return EXIT.ok;
      }
      const isBootstrapping = plan.steps.some((step) => step.type === "bootstrap");
      if (isBootstrapping && !access.store.canSave) throw nowhereToSave();
      const license = isBootstrapping
        ? readLicense(licensePath(compose, flags.file, flags["license-file"]))
        : undefined;
      if (isValidating) await checkLicense(prepared, license);
      if (plan.steps.length > 0 || plan.unreachable.length > 0) say(planText(plan));
      if (!(await isPruneConfirmed(plan, flags))) {
        say("Nothing was changed.");
        return EXIT.general;
      }
      if (isBootstrapping) access.store.checkWritable();
      const applied = await this.#apply(prepared, { access, license, ...options });
      await this.print(flags, appliedValue(applied), () => appliedText(applied, plan));
      return applied.failed.length > 0 ? EXIT.partial : EXIT.ok;
    } finally {
      prepared.hub?.client.close();
    }
  }

  async #apply(
    prepared: Prepared,
    options: Omit<Parameters<typeof applyPlan>[1], "report" | "begin">,
  ): Promise<Applied> {
    try {
      return await applyPlan(prepared, { ...options, report: say, begin: sayMeanwhile });
    } catch (error) {
      throw failureFromClient(error);
    }
  }
}

/** The license of the cluster that is there, else of the one that is to be. */
async function checkLicense({ compose, observed, hub }: Prepared, given: License | undefined): Promise<void> {
  const license = hub === undefined ? given : (await hub.client.getStatus()).license;
  if (license !== undefined) checkLimits(compose, observed, license);
}

function licensePath(compose: Compose, file: string, given: string | undefined): string {
  if (given !== undefined) return given;
  if (compose.license === undefined) {
    throw usageFailure(
      `${file} names no license, and a host is to be bootstrapped.`,
      "Add --license-file FILE. Nothing was done.",
    );
  }
  // Beside the compose file, so that it may be applied from anywhere.
  return isAbsolute(compose.license) ? compose.license : join(dirname(file), compose.license);
}

function nowhereToSave() {
  return usageFailure(
    "a host is to be bootstrapped, and the new client's secret would have nowhere to go.",
    "Add --save-config or --credentials-file FILE. Nothing was done.",
  );
}

async function isPruneConfirmed(
  plan: Plan,
  flags: { readonly yes: boolean; readonly prune: boolean },
): Promise<boolean> {
  const pruned = plan.steps.filter((step) => step.type === "delete_service" && step.why === "pruned");
  if (pruned.length === 0) return true;
  return confirm(`Delete ${countText(pruned.length, "service")} that the file does not name?`, flags);
}

function appliedValue(applied: Applied) {
  return {
    cluster_id: applied.clusterId,
    changed: applied.done.length > 0,
    done: applied.done.map((step) => ({ type: step.type, text: stepText(step) })),
    failed: applied.failed,
  };
}

function appliedText(applied: Applied, plan: Plan): string {
  const isPruned = plan.steps.some((step) => step.type === "delete_service" && step.why === "pruned");
  const rest =
    plan.unlisted.length === 0 || isPruned
      ? ""
      : ` ${countText(plan.unlisted.length, "service")} that the file does not name left alone.`;
  if (applied.failed.length > 0) {
    const lines = applied.failed.map(({ text, reason }) => `\n  ${text}: ${reason}`);
    return `${countText(applied.done.length, "step")} done; left out:${lines.join("")}`;
  }
  if (applied.done.length === 0) return `Nothing to do: the cluster is as the file says.${rest}`;
  return `${countText(applied.done.length, "step")} done: the cluster is as the file says.${rest}`;
}
