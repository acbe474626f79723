import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { describeWhere } from "./needs.ts";

/** Where Debian's package puts it. */
const CHROMIUM = "/usr/bin/chromium";

/** A suite that needs a real browser. */
export function describeInBrowser(name: string, body: () => void): void {
  const missing = existsSync(CHROMIUM) ? undefined : `there is no ${CHROMIUM}: install Debian's package chromium`;
  describeWhere(missing, name, body);
}

/** A headless browser of the caller's own; whoever starts it closes it. */
export function launchBrowser(): Promise<Browser> {
  // As root, as in a container, Chromium starts only without its sandbox; it loads nothing but the test's own pages.
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
}
