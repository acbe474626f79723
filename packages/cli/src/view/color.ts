import { environmentOf } from "../environment.ts";

export type Color = "green" | "yellow" | "red";
/** The text with its colour's codes around it, or as it is. */
export type Paint = (color: Color | undefined, text: string) => string;

const CODES: Readonly<Record<Color, number>> = { green: 32, yellow: 33, red: 31 };

export const unpainted: Paint = (_color, text) => text;

/** Colours on a terminal alone, and neither with NO_COLOR nor where the configuration says never. */
export function paintFor(stream: { readonly isTTY?: boolean }, preference: "auto" | "never" | undefined): Paint {
  if (stream.isTTY !== true || preference === "never" || !environmentOf().isColorWanted) return unpainted;
  return (color, text) => (color === undefined ? text : `\u001b[${CODES[color]}m${text}\u001b[0m`);
}

/** Of a peer's or a service's state. */
export function colorOfState(state: string): Color | undefined {
  switch (state) {
    case "connected":
    case "answering":
    case "active":
    case "valid":
      return "green";
    case "degraded":
    case "warning":
    case "grace":
      return "yellow";
    case "unreachable":
    case "inactive":
    case "revoked":
    case "read_only":
    case "suspended":
      return "red";
    default:
      return undefined;
  }
}
