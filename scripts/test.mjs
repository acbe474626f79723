import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testPackages } from "./debian.mjs";
import { pinned } from "./run.mjs";
import { main, note } from "./say.mjs";
import { setup } from "./setup.mjs";

/** `npm test [-- VITEST ARGUMENTS]`: every test; the last line is `N passed, N failed`. */
await main(async () => {
  await setup({ debian: process.getuid?.() === 0 ? testPackages : [] });
  const folder = mkdtempSync(join(tmpdir(), "arctic-test-"));
  // Whatever the tests write besides, they write below one folder, which goes away with them.
  process.env.TMPDIR = folder;
  // Programs are tested as they were just built.
  process.env.ARCTIC_TEST_BUILT = "1";
  // Some run as another user, who has to get at a folder in here.
  chmodSync(folder, 0o711);
  try {
    const report = join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const code = await pinned(["node_modules/vitest/vitest.mjs", "run", ...reporters, ...process.argv.slice(2)]);
    return conclude(code, read(report));
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch((cause) =>
      note(`${folder} stays: ${cause.message}`),
    );
  }
});

function conclude(code, report) {
  const { passed, failed, skipped } = report;
  const errored = code !== 0 && failed === 0;
  if (errored) note(`vitest ended with ${code} although no test failed: its own words are above`);
  if (passed + failed === 0) note("no test ran");
  const counted = errored ? 1 : failed;
  process.stdout.write(`${passed} passed, ${counted} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
  return code === 0 && counted === 0 && passed > 0 ? 0 : 1;
}

/** A file that could not be loaded has no test of its own that failed: it counts as one. */
function read(path) {
  try {
    const report = JSON.parse(readFileSync(path, "utf8"));
    const broken = report.testResults.filter(
      (file) => file.status === "failed" && !file.assertionResults.some((one) => one.status === "failed"),
    ).length;
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
