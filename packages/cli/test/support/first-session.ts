import type { Recorder } from "./recorder.ts";

/** `docs/first-session.txt`: the first five minutes of somebody new, with two agents that run and are nobody yet. */
export async function firstSession(record: Recorder): Promise<void> {
  await record.run("arctic --help");
  await record.run("arctic license keygen --out root.key --roots roots.json");
  await record.run(
    "arctic license issue --key root.key --max-nodes 5 --max-services 20 --expires 365d --out license.json",
  );
  await Promise.all([record.start("alpha"), record.start("beta")]);
  const [alpha, beta] = [record.addressOf("alpha"), record.addressOf("beta")];
  await record.run(`arctic bootstrap --url https://${alpha} --license-file license.json --name alpha`);
  await record.run(`arctic bootstrap --url https://${beta} --license-file license.json --name beta --config beta.yaml`);
  await record.run(`arctic peers add ${beta}`);
  await record.run("arctic peers list");
  await record.run("arctic services create --source-peer alpha --target-peer beta --name beta-lan");
  await record.run("arctic routes add --service beta-lan --dest-cidr 192.168.2.0/24");
  await record.run("arctic services get beta-lan");
  await record.run("arctic services get beta-la", 1);
  await record.until("arctic cluster status --json | grep -q '\"converged\": true'");
  await record.run("arctic cluster status");
  await record.run("arctic compose export");
}
