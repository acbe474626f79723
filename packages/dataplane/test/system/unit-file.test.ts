import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { connectDataplane } from "@arctic/dataplane";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { onLan, PEER_A, PEER_B, planOf, planPeer, routed } from "./support/plans.ts";
import { type Child, makeWorld, missingForWorld, type World } from "./support/world.ts";

const missing = await missingForWorld();
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const UNIT = fileURLToPath(new URL("../../../../packaging/systemd/arctic-dataplane.service", import.meta.url));

describeWhere(missing, "a data plane with what its unit file gives it", () => {
  let world: World;
  let child: Child;

  beforeAll(async () => {
    world = await makeWorld();
    const line = /^CapabilityBoundingSet=(.+)$/m.exec(await readFile(UNIT, "utf8"))?.[1] ?? "";
    const bounds = line.split(" ").map((name) => `+${name.replace("CAP_", "").toLowerCase()}`);
    child = world.start(
      "a",
      ...["setpriv", `--bounding-set=-all,${bounds.join(",")}`, "--no-new-privs"],
      ...[process.execPath, "--conditions=arctic-source", MAIN, "--remove-on-stop", "--log-format", "text"],
      ...["--state-dir", `${world.folder}/a`, "--control-socket", `${world.folder}/a.sock`, "--control-group", "60001"],
    );
    await child.waitFor(/dataplane_started/);
  });

  afterAll(async () => {
    await world?.destroy();
  });

  test("programs all that a service can ask of it, with workers that have fewer rights still", async () => {
    const client = await connectDataplane(`${world.folder}/a.sock`);
    const identity = await client.identity();
    expect(identity.tunnel_backend).not.toBe("none");
    const peer = planPeer(PEER_B, "b", ["10.71.2.2"], identity);
    const plan = planOf(PEER_A, [peer], [{ ...routed("entry"), bandwidth_limit_mbps: 10 }, onLan("entry")]);
    const { services } = await client.apply(plan);
    for (const { reason } of services) expect(reason ?? "").not.toMatch(/kernel lacks|could not be written/);
    expect(child.output()).not.toContain("kernel_refused");
    expect(child.output()).toMatch(/pegasus_started.*rights="?own_user/);
    client.close();
  });

  test("ends within the time that the unit gives it, and leaves nothing", async () => {
    await child.end("SIGTERM", 10_000);
    expect(await world.inside("a", "nft", "list", "tables")).toBe("");
  });
});
