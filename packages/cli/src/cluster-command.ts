import { BaseCommand, type GlobalFlags } from "./base-command.ts";
import { failureFromClient } from "./session/client-failure.ts";
import { openSession, type Session } from "./session/session.ts";

/** A command that speaks to an agent. */
export abstract class ClusterCommand extends BaseCommand {
  /** Opens the client that the flags, the environment and the configuration name, and closes it in any case. */
  protected withSession<T>(flags: GlobalFlags, act: (session: Session) => Promise<T>): Promise<T> {
    return runIn(openSession(flags), act);
  }

  /** The same without a secret, for what an agent tells anybody. */
  protected withPublicSession<T>(flags: GlobalFlags, act: (session: Session) => Promise<T>): Promise<T> {
    return runIn(openSession(flags, "public"), act);
  }

  protected show(flags: GlobalFlags, session: Session, value: unknown, asTable: () => string): Promise<void> {
    return this.print(flags, value, asTable, session.config.preferences.output_format);
  }
}

async function runIn<T>(opening: Promise<Session>, act: (session: Session) => Promise<T>): Promise<T> {
  const session = await opening;
  try {
    return await act(session);
  } catch (error) {
    throw failureFromClient(error);
  } finally {
    session.client.close();
  }
}
