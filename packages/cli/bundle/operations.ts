import type { Plugin } from "esbuild";
import * as z from "zod";
import { OPERATIONS, TOKEN_PATH, tokenReplySchema } from "../../agent/src/api/operations.ts";

/**
 * The API's table as plain data: what the client sends by, and the shape of each reply as JSON Schema, which
 * `reply-check.ts` judges by. Making some hundred zod schemas at each start would be most of it.
 */
export const plainOperations: Plugin = {
  name: "plain-operations",
  setup(build) {
    build.onLoad({ filter: /agent[/\\]src[/\\]api[/\\]operations\.ts$/ }, () => {
      const rows = Object.entries(OPERATIONS).map(([name, { method, path, access, status, reply }]) => {
        const plain = JSON.stringify({ method, path, access, status });
        return `${name}: { ...${plain}, get reply() { return ${reply === undefined ? "undefined" : checked(reply)}; } },`;
      });
      return {
        contents: [
          `import { checkedBy } from ${JSON.stringify(new URL("reply-check.ts", import.meta.url).pathname)};`,
          `export const TOKEN_PATH = ${JSON.stringify(TOKEN_PATH)};`,
          `export const tokenReplySchema = { safeParse: (value) => ${checked(tokenReplySchema)}.safeParse(value) };`,
          `export const OPERATIONS = {\n${rows.join("\n")}\n};`,
        ].join("\n"),
        loader: "js",
        resolveDir: "/",
      };
    });
  },
};

/** In a function of its own, so that no more than the one reply's schema is ever parsed. */
function checked(schema: z.ZodType): string {
  return `checkedBy(() => (${JSON.stringify(replySchema(schema))}))`;
}

/** As it travels: what only makes a reply stricter in the agent's own types is left out. */
function replySchema(schema: z.ZodType): unknown {
  const { $schema: _, ...document } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return document;
}
