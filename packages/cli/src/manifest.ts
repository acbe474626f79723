import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "@oclif/core/config";
import { loadConfig } from "./run.ts";

/** A step of the build: writes what oclif knows of every command, so that no start has to load them all. */
const config = await loadConfig({ ignoreManifest: true });
const plugin = [...config.plugins.values()][0] as Plugin | undefined;
if (plugin === undefined || config.commandIDs.length === 0) throw new Error("no commands were found");
writeFileSync(fileURLToPath(new URL("oclif.manifest.json", import.meta.url)), JSON.stringify(plugin.manifest));
