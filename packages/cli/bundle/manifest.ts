import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "@oclif/core/config";
import { TREE_FILE } from "../src/completion/tree.ts";
import { treeFromCommands } from "../src/completion/tree-from-commands.ts";
import { loadConfig } from "../src/view/help.ts";

/** A step of the build, run from its source: writes what oclif knows of every command, so that no start has to load them all. */
const config = await loadConfig();
const plugin = [...config.plugins.values()][0] as Plugin | undefined;
if (plugin === undefined || config.commandIDs.length === 0) throw new Error("no commands were found");
writeFileSync(fileURLToPath(new URL("../dist/oclif.manifest.json", import.meta.url)), JSON.stringify(plugin.manifest));
writeFileSync(
  fileURLToPath(new URL(`../dist/${TREE_FILE}`, import.meta.url)),
  JSON.stringify(await treeFromCommands()),
);
