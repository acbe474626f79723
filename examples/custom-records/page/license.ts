import type { License, LicenseRoot } from "@arctic/core";

/** What the server hands to each page as `/license.json`: core verifies the license under the roots. */
export interface DemoLicense {
  readonly roots: readonly LicenseRoot[];
  readonly license: License;
}

/** Asks the server. Throws an Error in words where it does not answer. */
export async function fetchDemoLicense(): Promise<DemoLicense> {
  const response = await fetch("/license.json").catch(() => undefined);
  if (response?.ok !== true)
    throw new Error("The server that gave out this page does not answer. Start it, then reload.");
  return (await response.json()) as DemoLicense;
}
