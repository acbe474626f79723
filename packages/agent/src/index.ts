export { type Agent, type AgentParts, type AgentStatus, createAgent } from "./agent.ts";
export { type AgentConfig, type ConfigResult, configFromEnvironment, SETTINGS } from "./config.ts";
