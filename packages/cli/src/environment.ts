import { homedir } from "node:os";
import { join } from "node:path";

/** The one door to the environment. Every variable that the command knows is read here. */
export interface Environment {
  readonly configPath: string;
  readonly token: string | undefined;
  readonly recoveryToken: string | undefined;
  readonly isColorWanted: boolean;
  /** A bug's stack is shown. */
  readonly isDebugging: boolean;
}

export function environmentOf(variables: NodeJS.ProcessEnv = process.env): Environment {
  const configHome = filled(variables.XDG_CONFIG_HOME) ?? join(filled(variables.HOME) ?? homedir(), ".config");
  return {
    configPath: filled(variables.ARCTIC_CONFIG) ?? join(configHome, "arctic", "config.yaml"),
    token: filled(variables.ARCTIC_TOKEN),
    recoveryToken: filled(variables.ARCTIC_RECOVERY_TOKEN),
    isColorWanted: filled(variables.NO_COLOR) === undefined,
    isDebugging: filled(variables.ARCTIC_DEBUG) !== undefined,
  };
}

/** An empty variable counts as absent. */
function filled(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
