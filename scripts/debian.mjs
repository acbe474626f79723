import { quiet } from "./run.mjs";
import { Failure, note, step } from "./say.mjs";

/** What the data plane, its tests and the quickstart run. */
export const trafficPackages = [
  "iproute2",
  "nftables",
  "wireguard-tools",
  "wireguard-go",
  "iputils-ping",
  "procps",
  "util-linux",
];

/** What tests run besides: the protocol in a second language, pages in a browser, a DHCP server, shells to complete in. */
export const testPackages = [
  ...trafficPackages,
  ...["python3", "python3-cryptography", "chromium", "busybox", "zsh", "fish"],
];

/** The rivals that benches run beside us, and what puts load on both. */
export const benchPackages = {
  agent: ["golang-go", "golang-github-hashicorp-memberlist-dev"],
  pegasus: [...trafficPackages, "haproxy", "iperf3", "openssl"],
  tempest: [...trafficPackages, "iperf3"],
  kernel: trafficPackages,
  limits: trafficPackages,
  steady: [...trafficPackages, "iperf3"],
};

/**
 * Installs those Debian packages that are missing, where we are root and apt-get is there; elsewhere, and where apt
 * fails, says what is missing. Never throws: who needs a package probes for what it does and says so.
 */
export async function ensureDebianPackages(packages) {
  const missing = await missingOf(packages);
  if (missing.length === 0) return;
  const canInstall = process.getuid?.() === 0 && (await quiet("apt-get", ["--version"])).code === 0;
  if (!canInstall) return note(`traffic needs these Debian packages, which are not installed: ${missing.join(" ")}`);
  await step(`Debian packages: ${missing.join(" ")}`, () => install(missing)).catch((error) => note(error.message));
}

async function missingOf(packages) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
  const { code, output } = await quiet("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\\n", ...packages]);
  if (code === 127) return packages;
  const installed = new Set(
    output
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return packages.filter((name) => !installed.has(name));
}

async function install(missing) {
  const apt = (...args) =>
    quiet("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=120", ...args], { env: { DEBIAN_FRONTEND: "noninteractive" } });
  const updated = await apt("update");
  const installed = await apt("install", "-y", "--no-install-recommends", ...missing);
  if (installed.code === 0) return;
  const said = `${updated.code === 0 ? "" : updated.output}${installed.output}`.trimEnd();
  throw new Failure(`apt-get could not install them:\n${said}`);
}
