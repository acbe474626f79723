import { describe, expect, it } from "vitest";
import { OPERATIONS } from "../../src/api/operations.ts";
import { routeOf } from "../../src/api/router.ts";

describe("the route of a request", () => {
  it("is that of its row, for every row of the table", () => {
    for (const [name, { method, path }] of Object.entries(OPERATIONS)) {
      const asked = path.replace(/\{(\w+)\}/g, "the-$1");
      const params = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, param]) => [param, `the-${param}`]));
      expect(routeOf(method, asked), `${method} ${asked}`).toMatchObject({ name, params });
    }
  });

  it("is the one with the text where a text and a parameter both fit", () => {
    expect(routeOf("DELETE", "/v1/peers/self")?.name).toBe("removeSelf");
    expect(routeOf("DELETE", "/v1/peers/selfish")?.name).toBe("deletePeer");
  });

  it.each([
    ["GET", "/v1/peers/"],
    ["GET", "/v1/peers/a/b"],
    ["GET", "v1/peers"],
    ["GET", "//v1/peers"],
    ["GET", "http://127.0.0.1/v1/peers"],
    ["PATCH", "/v1/peers"],
    ["get", "/v1/peers"],
    ["GET", "/v1/../v1/peers"],
    ["GET", "/V1/peers"],
    ["GET", "/__proto__"],
    ["", ""],
  ])("is none for %s %s", (method, path) => {
    expect(routeOf(method, path)).toBeUndefined();
  });

  it("has its parameters decoded, and as they are where they cannot be", () => {
    expect(routeOf("GET", "/v1/peers/a%2Fb%20c")?.params).toEqual({ peer_id: "a/b c" });
    expect(routeOf("GET", "/v1/peers/%zz")?.params).toEqual({ peer_id: "%zz" });
  });
});
