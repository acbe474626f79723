import type { BaseCommand } from "./base-command.ts";

type Load = () => Promise<{ readonly default: CommandClass }>;
/** A command's class: what it declares, and how it is made for one command line. */
export type CommandClass = (new (
  ...given: ConstructorParameters<typeof BaseCommand>
) => BaseCommand) &
  Pick<typeof BaseCommand, "args" | "flags" | "baseFlags" | "summary" | "description" | "examples" | "id">;

/** The command tree, as the folder `commands/` has it: `topic:verb`, loaded when it runs. */
export const COMMANDS: Readonly<Record<string, Load>> = {
  autocomplete: () => import("./commands/autocomplete.ts"),
  bootstrap: () => import("./commands/bootstrap.ts"),
  "cache:refresh": () => import("./commands/cache/refresh.ts"),
  "cache:status": () => import("./commands/cache/status.ts"),
  "cluster:identity": () => import("./commands/cluster/identity.ts"),
  "cluster:init": () => import("./commands/cluster/init.ts"),
  "cluster:status": () => import("./commands/cluster/status.ts"),
  "cluster:sync": () => import("./commands/cluster/sync.ts"),
  "compose:apply": () => import("./commands/compose/apply.ts"),
  "compose:diff": () => import("./commands/compose/diff.ts"),
  "compose:export": () => import("./commands/compose/export.ts"),
  "compose:fmt": () => import("./commands/compose/fmt.ts"),
  "compose:init": () => import("./commands/compose/init.ts"),
  "compose:validate": () => import("./commands/compose/validate.ts"),
  "config:delete-cluster": () => import("./commands/config/delete-cluster.ts"),
  "config:delete-peer": () => import("./commands/config/delete-peer.ts"),
  "config:list": () => import("./commands/config/list.ts"),
  "config:set": () => import("./commands/config/set.ts"),
  "config:use": () => import("./commands/config/use.ts"),
  "config:view": () => import("./commands/config/view.ts"),
  "credentials:create": () => import("./commands/credentials/create.ts"),
  "credentials:list": () => import("./commands/credentials/list.ts"),
  "credentials:revoke": () => import("./commands/credentials/revoke.ts"),
  "credentials:rotate": () => import("./commands/credentials/rotate.ts"),
  health: () => import("./commands/health.ts"),
  "license:issue": () => import("./commands/license/issue.ts"),
  "license:keygen": () => import("./commands/license/keygen.ts"),
  "license:renew": () => import("./commands/license/renew.ts"),
  "license:show": () => import("./commands/license/show.ts"),
  "license:status": () => import("./commands/license/status.ts"),
  "license:update": () => import("./commands/license/update.ts"),
  "license:verify": () => import("./commands/license/verify.ts"),
  "peers:add": () => import("./commands/peers/add.ts"),
  "peers:delete": () => import("./commands/peers/delete.ts"),
  "peers:get": () => import("./commands/peers/get.ts"),
  "peers:list": () => import("./commands/peers/list.ts"),
  "peers:remove-self": () => import("./commands/peers/remove-self.ts"),
  "peers:update": () => import("./commands/peers/update.ts"),
  "routes:add": () => import("./commands/routes/add.ts"),
  "routes:delete": () => import("./commands/routes/delete.ts"),
  "routes:list": () => import("./commands/routes/list.ts"),
  "routes:update": () => import("./commands/routes/update.ts"),
  "services:create": () => import("./commands/services/create.ts"),
  "services:delete": () => import("./commands/services/delete.ts"),
  "services:get": () => import("./commands/services/get.ts"),
  "services:list": () => import("./commands/services/list.ts"),
  "services:update": () => import("./commands/services/update.ts"),
  version: () => import("./commands/version.ts"),
};
