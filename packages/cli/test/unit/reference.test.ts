import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { referenceText } from "../support/reference.ts";

const REFERENCE = fileURLToPath(new URL("../../../../docs/cli.md", import.meta.url));

test("the reference in docs/cli.md is what the commands declare", async () => {
  await expect(await referenceText()).toMatchFileSnapshot(REFERENCE);
});
