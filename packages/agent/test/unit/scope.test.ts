import { describe, expect, it } from "vitest";
import { requireAccess } from "../../src/api/authentication.ts";
import { OPERATIONS, type Operation, type OperationName } from "../../src/api/operations.ts";
import { SCOPES, type Scope } from "../../src/api/scope.ts";

const names = Object.keys(OPERATIONS) as OperationName[];
const callerWith = (...scopes: Scope[]) => ({ type: "token" as const, clientId: undefined, scopes });
const answerOf = (operation: Operation, scopes: Scope[] | undefined) => {
  try {
    requireAccess(operation.access, scopes === undefined ? undefined : callerWith(...scopes));
    return "allowed";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("the access table", () => {
  it("is open without a token for health, discovery, identity and bootstrap alone", () => {
    const open = names.filter((name) => answerOf(OPERATIONS[name], undefined) === "allowed");
    expect(open).toEqual(["getLive", "getReady", "getDiscovery", "getJwks", "bootstrap", "getIdentity"]);
  });

  it("asks everyone else for a token", () => {
    for (const name of names) expect(["allowed", "UNAUTHORIZED"]).toContain(answerOf(OPERATIONS[name], undefined));
  });

  it.each(names)("opens %s to exactly the scope that it names, and to admin", (name) => {
    const operation: Operation = OPERATIONS[name];
    expect(answerOf(operation, ["admin"])).toBe("allowed");
    for (const scope of SCOPES.filter((candidate) => candidate !== "admin")) {
      const isOpen = ["public", "own_rule", "any_token", scope].includes(operation.access);
      expect(answerOf(operation, [scope])).toBe(isOpen ? "allowed" : "FORBIDDEN");
    }
  });

  it("lets nothing be written with a read scope", () => {
    for (const name of names.filter(
      (candidate) => OPERATIONS[candidate].method !== "GET" && candidate !== "bootstrap",
    )) {
      expect(answerOf(OPERATIONS[name], ["peers.read", "services.read", "credentials.read"])).toBe("FORBIDDEN");
    }
  });
});
