import { afterAll, beforeAll } from "vitest";
import { startTestAgent, type TestAgent } from "./agents.ts";
import { type Authority, createAuthority } from "./authority.ts";

/** An agent that belongs to no cluster yet, and the authority whose licenses it takes. */
export interface LoneAgent {
  readonly authority: Authority;
  readonly agent: TestAgent;
}

/** One for all tests of the suite: its parts are there from `beforeAll` on, and gone after the last test. */
export function loneAgent(): LoneAgent {
  const authority = createAuthority();
  let agent: TestAgent | undefined;
  beforeAll(async () => {
    agent = await startTestAgent(authority.rootsPath);
  });
  afterAll(async () => {
    await agent?.remove();
    authority.remove();
  });
  return {
    authority,
    get agent() {
      if (agent === undefined) throw new Error("the agent is there once beforeAll has run");
      return agent;
    },
  };
}
