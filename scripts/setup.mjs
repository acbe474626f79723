import { spawnSync } from "node:child_process";
import { ensureDebianPackages } from "./debian.mjs";
import { exclusively } from "./exclusive.mjs";
import { ensureModules } from "./modules.mjs";
import { ensureBuilt } from "./packages.mjs";
import { pinnedNode } from "./pinned-node.mjs";
import { Failure } from "./say.mjs";

/**
 * Makes this checkout ready to run, from nothing but git, node 20 and npm: dependencies, the pinned Node, Debian
 * packages (those named in `debian`), and the built packages where `build` is not false. Does only what is missing.
 */
export async function setup({ debian = [], build = true } = {}) {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new Failure(
      `Arctic's scripts need Node 20 or newer; this is ${process.version}. Install a newer Node and start again.`,
    );
  }
  await exclusively(async () => {
    if (debian.length > 0) await ensureDebianPackages(debian);
    await ensureModules();
    checkRuntime();
    if (build) await ensureBuilt();
  });
}

/** Sources run without a build and the store is node:sqlite: both are there from 22.18 on. */
function checkRuntime() {
  const path = pinnedNode();
  const version = spawnSync(path, ["--version"], { encoding: "utf8" }).stdout?.trim() ?? "";
  const [major = 0, minor = 0] = version.replace("v", "").split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return;
  throw new Failure(
    `The lock file has no Node for this machine (${process.platform} ${process.arch}) and ${path} is ${version || "not usable"}. ` +
      "Put Node 24 first on PATH and start again.",
  );
}
