import { homedir } from "node:os";
import { join } from "node:path";

/** The one door to the environment. Every variable that the command knows is read here. */
export interface Environment {
  readonly configPath: string;
  /** Where what completions know is kept. */
  readonly cacheDirectory: string;
  /** All of it, for `${NAME}` in compose files. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly token: string | undefined;
  readonly recoveryToken: string | undefined;
  readonly isColorWanted: boolean;
  /** A bug's stack is shown. */
  readonly isDebugging: boolean;
}

export function environmentOf(variables: NodeJS.ProcessEnv = process.env): Environment {
  const home = filled(variables.HOME) ?? homedir();
  const configHome = filled(variables.XDG_CONFIG_HOME) ?? join(home, ".config");
  return {
    configPath: filled(variables.ARCTIC_CONFIG) ?? join(configHome, "arctic", "config.yaml"),
    cacheDirectory: join(filled(variables.XDG_CACHE_HOME) ?? join(home, ".cache"), "arctic"),
    variables,
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
