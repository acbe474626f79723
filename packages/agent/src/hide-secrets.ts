/** Client secrets (`sec_` and 32 bytes in base64url) and JWTs, also cut short. */
const SECRETS = /sec_[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)?/g;

/**
 * The text without what looks like a secret: the last line of defence for log lines and refusals, which may quote what a
 * caller put in the wrong place.
 */
export function hideSecrets(text: string): string {
  return text.replace(SECRETS, "[hidden]");
}
