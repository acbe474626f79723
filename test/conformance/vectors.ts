import { cidrVectors } from "./support/cidr-cases.ts";
import { clusterIdVectors } from "./support/cluster-id-cases.ts";
import { digestVectors } from "./support/digest-cases.ts";
import { doorVectors } from "./support/door-cases.ts";
import { base64urlVectors, canonicalJsonVectors } from "./support/encoding-cases.ts";
import { faultVectors } from "./support/fault-cases.ts";
import { handshakeVectors } from "./support/handshake-cases.ts";
import { idVectors } from "./support/identity-cases.ts";
import { intakeVectors } from "./support/intake-cases.ts";
import { kindVectors } from "./support/kind-cases.ts";
import { licenseVectors } from "./support/license-cases.ts";
import { licenseStateVectors } from "./support/license-state-cases.ts";
import { membershipVectors } from "./support/membership-cases.ts";
import { mergeVectors } from "./support/merge-cases.ts";
import { messageVectors } from "./support/message-cases.ts";
import { overlayVectors } from "./support/overlay-cases.ts";
import { pageVectors } from "./support/page-cases.ts";
import { quotaVectors } from "./support/quota-cases.ts";
import { recordVectors } from "./support/record-cases.ts";
import { secretVectors } from "./support/secret-cases.ts";
import { signatureCases } from "./support/signature-cases.ts";
import { signedBytesVectors } from "./support/signed-bytes-cases.ts";
import { sketchVectors } from "./support/sketch-cases.ts";
import { withReasons } from "./support/strict-rule.ts";
import { timeVectors, versionVectors } from "./support/version-cases.ts";
import { voucherVectors } from "./support/voucher-cases.ts";

/** Every vector file by its name, made from keys that are drawn from labels: the same at every run. */
export function makeVectors() {
  return {
    "base64url.json": base64urlVectors(),
    "canonical-json.json": canonicalJsonVectors(),
    "cidrs.json": cidrVectors(),
    "cluster-ids.json": clusterIdVectors(),
    "digests.json": digestVectors(),
    "doors.json": doorVectors(),
    "faults.json": faultVectors(),
    "handshakes.json": handshakeVectors(),
    "ids.json": idVectors(),
    "intake.json": intakeVectors(),
    "kinds.json": kindVectors(),
    "license-states.json": licenseStateVectors(),
    "licenses.json": licenseVectors(),
    "memberships.json": membershipVectors(),
    "merge.json": mergeVectors(),
    "messages.json": messageVectors(),
    "overlay.json": overlayVectors(),
    "pages.json": pageVectors(),
    "quotas.json": quotaVectors(),
    "records.json": recordVectors(),
    "secrets.json": secretVectors(),
    "signatures.json": {
      description:
        "Ed25519 as every peer judges it, whatever its provider. Bytes are hex. `reason` is the step of the strict rule that refuses the signature, `key_reason` why the key may not be taken up; null where there is none.",
      cases: signatureCases().map(withReasons),
    },
    "signed-bytes.json": signedBytesVectors(),
    "sketches.json": sketchVectors(),
    "times.json": timeVectors(),
    "versions.json": versionVectors(),
    "vouchers.json": voucherVectors(),
  };
}

export function textOf(vectors: unknown): string {
  return `${JSON.stringify(vectors, null, 2)}\n`;
}
