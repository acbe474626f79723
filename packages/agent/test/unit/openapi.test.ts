import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openApiDocument } from "../../src/api/openapi.ts";
import { OPERATIONS } from "../../src/api/operations.ts";
import { AGENT_VERSION } from "../../src/version.ts";

const SNAPSHOT = new URL("../../../../docs/openapi.json", import.meta.url);
const document = JSON.parse(JSON.stringify(openApiDocument(AGENT_VERSION)));

interface Described {
  readonly operationId: string;
  readonly requestBody?: { readonly required: boolean };
  readonly parameters?: readonly { readonly name?: string; readonly in?: string; readonly $ref?: string }[];
}
const described = Object.entries(document.paths as Record<string, Record<string, Described>>).flatMap(
  ([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

describe("the OpenAPI document", () => {
  it("is the one in docs/openapi.json", () => {
    // After a change that is meant: WRITE_OPENAPI=1 vitest run --project unit openapi && biome check --write docs
    if (process.env.WRITE_OPENAPI === "1") writeFileSync(SNAPSHOT, `${JSON.stringify(document, null, 2)}\n`);
    expect(document).toEqual(JSON.parse(readFileSync(SNAPSHOT, "utf8")));
  });

  it("describes every row of the table once, and the token endpoint", () => {
    const ids = described.map(({ operation }) => operation.operationId);
    expect([...ids].sort()).toEqual([...Object.keys(OPERATIONS), "issueToken"].sort());
  });

  it("declares each parameter of a path", () => {
    for (const { path, operation } of described) {
      const declared = (operation.parameters ?? []).flatMap(({ name, in: place }) => (place === "path" ? [name] : []));
      expect(declared).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    }
  });

  it("refers to nothing that is not there", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = ""]) => path);
    expect(references.length).toBeGreaterThan(10);
    for (const reference of references) {
      const target = reference
        .split("/")
        .reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], document);
      expect([reference, typeof target]).toEqual([reference, "object"]);
    }
  });

  it("says that a body is needed where an empty one is refused", () => {
    const optional = described.filter(({ operation }) => operation.requestBody?.required === false);
    expect(optional.map(({ operation }) => operation.operationId).sort()).toEqual([
      "createCredential",
      "initCluster",
      "reopen",
      "updatePeer",
      "updateService",
    ]);
  });
});
