import { BaseCommand, type GlobalFlags } from "./base-command.ts";
import { failureFromClient } from "./session/client-failure.ts";
import { openSession, type Session } from "./session/session.ts";
import { type Paint, paintFor } from "./view/color.ts";

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

  protected show(
    flags: GlobalFlags,
    session: Session,
    value: unknown,
    asTable: (paint: Paint) => string,
  ): Promise<void> {
    const { output_format, color } = session.config.preferences;
    return this.print(flags, value, () => asTable(paintFor(process.stdout, color)), output_format);
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
