/** What a token may do. `admin` holds all the others. */
export const SCOPES = [
  "admin",
  "peers.read",
  "peers.write",
  "services.read",
  "services.write",
  "credentials.read",
  "credentials.write",
] as const;
export type Scope = (typeof SCOPES)[number];

const PREFIX = "urn:tillered:arctic:";

/** The full name, as tokens carry it. */
export function scopeName(scope: Scope): string {
  return PREFIX + scope;
}

/** The scope, where the text is its full or its short name. */
export function parseScope(text: string): Scope | undefined {
  const short = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
  return SCOPES.find((scope) => scope === short);
}

export function includesScope(held: readonly Scope[], asked: Scope): boolean {
  return held.includes("admin") || held.includes(asked);
}
