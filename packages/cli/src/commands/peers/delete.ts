import type { DeletedPeer } from "@arctic/agent/client";
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { ClusterCommand } from "../../cluster-command.ts";
import { EXIT } from "../../failure.ts";
import { confirm } from "../../prompt.ts";
import { pickPeer } from "../../session/pick.ts";
import { rememberPeers } from "../../session/remember.ts";
import { say } from "../../view/output.ts";

export default class PeersDelete extends ClusterCommand {
  static override summary = "Revoke a peer everywhere, for good.";
  static override description =
    "Its links are closed, its services and tokens end, and its id is never accepted again. The host can come back " +
    "only as a new peer, bootstrapped anew. Whom it brought in and which clients it made is named, and revoked too " +
    "where that is asked: a peer that somebody else held may have done both. Exits 6 where some of that could not be done.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> gamma --yes",
    "<%= config.bin %> <%= command.id %> gamma --introduced --credentials",
  ];
  static override flags = {
    introduced: Flags.boolean({ summary: "Revoke the peers that it brought in, too." }),
    credentials: Flags.boolean({ summary: "Revoke the clients that it made, too." }),
  };
  static override args = {
    peer: Args.string({ required: true, ignoreStdin: true, description: "Name or id of the peer." }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(PeersDelete);
    return this.withSession(flags, async (session) => {
      const peer = pickPeer(await session.client.allPeers(), args.peer);
      const more = [
        flags.introduced ? "whom it brought in" : [],
        flags.credentials ? "the clients it made" : [],
      ].flat();
      const who = [`${peer.name} (${peer.id})`, ...more].join(" and ");
      if (!(await confirm(`Revoke ${who} for good?`, flags))) {
        say("Nothing was changed.");
        return EXIT.general;
      }
      const deleted = await session.client.deletePeer(peer.id, {
        ...(flags.introduced ? { introduced: "true" as const } : {}),
        ...(flags.credentials ? { credentials: "true" as const } : {}),
      });
      rememberPeers(session, await session.client.allPeers());
      await this.show(flags, session, { deleted: peer.id, ...deleted }, () =>
        [`${peer.name} (${peer.id}) is revoked.`, ...fates(deleted)].join("\n"),
      );
      return isPartly(deleted, flags) ? EXIT.partial : EXIT.ok;
    });
  }
}

/** One line for each that came by the revoked one. */
function fates({ introduced, credentials }: DeletedPeer): string[] {
  return [
    ...introduced.map(({ name, peer_id, ...how }) => `  brought in: ${name} (${peer_id}): ${fateText(how)}`),
    ...credentials.map(({ client_id, ...how }) => `  client: ${client_id}: ${fateText(how)}`),
  ];
}

function fateText({ fate, reason }: { readonly fate: string; readonly reason?: string | undefined }): string {
  return reason === undefined ? fate : `${fate}, ${reason}`;
}

/** Whether something that was to be revoked is kept. */
function isPartly(
  { introduced, credentials }: DeletedPeer,
  flags: { readonly introduced: boolean; readonly credentials: boolean },
): boolean {
  const isKept = ({ fate }: { readonly fate: string }) => fate === "kept";
  return (flags.introduced && introduced.some(isKept)) || (flags.credentials && credentials.some(isKept));
}
