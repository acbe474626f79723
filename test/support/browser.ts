import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { describe, test } from "vitest";

/** Where Debian's package puts it. */
const CHROMIUM = "/usr/bin/chromium";

/**
 * A suite that needs a real browser. Where there is none it is skipped with the reason in its name; where
 * ARCTIC_REQUIRE_SYSTEM=1 it fails instead, so that CI never passes by skipping.
 */
export function describeInBrowser(name: string, body: () => void): void {
  if (existsSync(CHROMIUM)) describe(name, body);
  else if (process.env.ARCTIC_REQUIRE_SYSTEM === "1") {
    describe(name, () => {
      test("the host has what it needs", () => {
        throw new Error(`ARCTIC_REQUIRE_SYSTEM=1, but there is no ${CHROMIUM}: install Debian's package chromium`);
      });
    });
  } else describe.skip(`${name} (skipped: there is no ${CHROMIUM})`, body);
}

/** A headless browser of the caller's own; whoever starts it closes it. */
export function launchBrowser(): Promise<Browser> {
  // As root, as in a container, Chromium starts only without its sandbox; it loads nothing but the test's own pages.
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
}
