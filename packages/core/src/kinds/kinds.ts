import type { KindDefinition, KindTable } from "../registry/kind.ts";
import { admissionKind } from "./admission.ts";
import { connectivityKind } from "./connectivity.ts";
import { credentialKind } from "./credential.ts";
import { peerKind } from "./peer.ts";
import { revocationKind } from "./revocation.ts";
import { rotationKind } from "./rotation.ts";
import { serviceKind } from "./service.ts";

const OWN_KINDS = [
  peerKind,
  serviceKind,
  admissionKind,
  revocationKind,
  credentialKind,
  rotationKind,
  connectivityKind,
];

/** Arctic's kinds and the embedder's, by name. Throws where an embedder's name is taken or does not begin with `app.`. */
export function kindTable(embedded: readonly KindDefinition[] = []): KindTable {
  for (const kind of embedded) {
    if (
      kind.lasting === "soft" ||
      (kind.lasting === "lasting") !== kind.name.endsWith("!") ||
      kind.group !== "others"
    ) {
      throw new TypeError(
        `${kind.name}: a lasting kind's name ends in !, and an embedder's kind is in the group others, as peers that do not know it judge it`,
      );
    }
    if (!/^app\.[a-z0-9._-]{1,58}!?$/.test(kind.name))
      throw new TypeError(`the kind ${kind.name} does not begin with app.`);
  }
  const names = new Set(embedded.map((kind) => kind.name));
  if (names.size !== embedded.length) throw new TypeError("two kinds have one name");
  return new Map([...OWN_KINDS, ...embedded].map((kind) => [kind.name, kind]));
}
