import { complaintOfLicense, isJsonObject, type License, licenseHash, msFromRfc3339 } from "@arctic/core";
import { type Call, type Handlers, reply } from "../context.ts";
import { Problem, problemFromRejection } from "../problem.ts";
import type { LicenseReply } from "../schema.ts";

export const licenseHandlers: Pick<Handlers, "getLicense" | "putLicense"> = {
  getLicense: (call) => reply(licenseReply(call)),
  putLicense: (call) => {
    const document = documentIn(call.body);
    const { node } = call.peer();
    const { crypto } = call.context;
    const notes = { license_id: document.license_id, license_hash: licenseHash(crypto, document) };
    // What holds already is put in again without harm; core would say that nothing succeeds itself.
    if (licenseHash(crypto, node.cluster.license) === notes.license_hash) return reply(licenseReply(call), notes);
    const rejection = call.peer().feed({ type: "license", document });
    if (rejection !== undefined) throw problemFromRejection(rejection);
    return reply(licenseReply(call), notes);
  },
};

/** The document of a request, alone or as the field `license`. Throws Problem that names the wrong field. */
function documentIn(body: Call<"putLicense">["body"]): License {
  const isWrapped = Object.keys(body).length === 1 && isJsonObject(body.license);
  const document = isWrapped ? body.license : body;
  const complaint = complaintOfLicense(document);
  if (complaint === undefined) return document as License;
  throw new Problem("INVALID_REQUEST", `${isWrapped ? "body.license" : "body"}: ${complaint}`);
}

const DAY_MS = 24 * 3_600_000;

function licenseReply({ peer, context }: Pick<Call<"getLicense">, "peer" | "context">): LicenseReply {
  const { license } = peer().node.cluster;
  const expiresAt = msFromRfc3339(license.expires_at) ?? 0;
  return {
    license,
    state: peer().licenseState,
    days_left: Math.floor((expiresAt - context.clock.now()) / DAY_MS),
    hash: licenseHash(context.crypto, license),
  };
}
