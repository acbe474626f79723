/** The arrows of ARCHITECTURE.md. Each rule's comment is the reason that a broken build shows. */
const coreOrder = ["encoding", "crypto", "identity", "license", "registry", "kinds", "trust", "gossip", "node"];
const coreLayers = coreOrder.slice(0, -1).map((layer, index) => ({
  name: `core-${layer}-imports-only-what-stands-left-of-it`,
  comment:
    "Inside core, left may be imported by right only, so that every layer can be read without the ones above it.",
  severity: "error",
  from: { path: `^packages/core/src/${layer}/` },
  to: { path: `^packages/core/src/(${coreOrder.slice(index + 1).join("|")})/` },
}));

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "A cycle means that two files are one noun.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    ...coreLayers,
    {
      name: "core-is-pure",
      comment: "Core does no IO: it runs in a browser, in the simulator and in the agent alike.",
      severity: "error",
      from: { path: "^packages/core/src" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "core-depends-on-little",
      comment: "Core may use noble, nothing else.",
      severity: "error",
      from: { path: "^packages/core/src" },
      to: { path: "node_modules/(?!@noble/)" },
    },
    {
      name: "noble-only-in-crypto",
      comment: "One door a power: curves and hashes enter through core/crypto.",
      severity: "error",
      from: { path: "^packages", pathNot: "^packages/core/src/crypto/" },
      to: { path: "node_modules/@noble" },
    },
    {
      name: "dataplane-knows-no-cluster",
      comment: "The data plane takes a plan and answers with what it observed; it imports nothing of ours.",
      severity: "error",
      from: { path: "^packages/dataplane/src" },
      to: { path: "^packages/(core|agent|cli)/" },
    },
    {
      name: "cli-speaks-to-the-api",
      comment: "The command uses the typed client and core, never the agent's or the data plane's inside.",
      severity: "error",
      from: { path: "^packages/cli/src" },
      to: { path: "^packages/(agent/(?!(src/api/client|dist/client))|dataplane)" },
    },
    {
      name: "agent-uses-the-dataplane-from-outside",
      comment: "The agent knows the plan and the control client, which the data plane's index exports.",
      severity: "error",
      from: { path: "^packages/agent/src" },
      to: { path: "^packages/(cli|dataplane/src/(?!index))" },
    },
    {
      name: "no-package-reaches-into-anothers-src",
      comment: "A package is known by what it exports.",
      severity: "error",
      from: { path: "^packages/([^/]+)/src" },
      to: { path: "^packages/[^/]+/src/(?!index\\.ts|api/client\\.ts)", pathNot: "^packages/$1/src" },
    },
    {
      name: "child-processes-through-one-door",
      comment: "Only the runner and the Pegasus and Tempest supervisors start processes.",
      severity: "error",
      from: {
        path: "^packages/(core|agent|dataplane|cli)/src",
        pathNot: "^packages/dataplane/src/kernel/runner\\.ts$",
      },
      // A type says what a child process is; only a value can start one.
      to: { path: "^(node:)?child_process$", dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["arctic-source", "import", "node", "default"],
      extensions: [".ts", ".js", ".mjs"],
    },
  },
};
