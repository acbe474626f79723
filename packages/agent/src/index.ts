export { type Agent, type AgentParts, createAgent } from "./agent.ts";
export { type ConfigResult, configFromEnvironment, configFromFile } from "./config.ts";
export type { AgentStatus } from "./running-agent.ts";
export { type AgentConfig, SETTINGS, type Setting } from "./settings.ts";
