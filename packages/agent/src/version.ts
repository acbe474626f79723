import packageFile from "../package.json" with { type: "json" };

/** Of the agent, as it is published. */
export const AGENT_VERSION: string = packageFile.version;
