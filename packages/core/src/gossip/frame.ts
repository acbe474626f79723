/** What is left of a frame after the records that are held here were taken out. */
export interface SlimFrame {
  /** The frame without them; as strict or as broken JSON as the frame was. */
  readonly text: string;
  readonly held: number;
}

/** Whether a record with this signature is held whose text is this one. */
export type IsHeldText = (signature: string, text: string) => boolean;

const RECORDS = ',"records":[';
const SIGNATURE = '"signature":"';
/** Quote and brace. */
const END = 2;
const SIGNATURE_AND_END = 86 + END;

/**
 * Takes the records out of a frame whose text is, byte for byte, that of a record that is held: they are known to be
 * well-formed and need no parser. A heartbeat of a thousand held records costs a thousand look-ups so. Everything else
 * is left in its place for the strict parser.
 */
export function withoutHeld(frame: string, isHeldText: IsHeldText): SlimFrame {
  const listAt = frame.indexOf(RECORDS);
  if (listAt < 0) return { text: frame, held: 0 };
  const from = listAt + RECORDS.length;
  const kept: string[] = [];
  let held = 0;
  let at = from;
  while (frame.charCodeAt(at) === OPEN_BRACE) {
    const guess = endBySignature(frame, at);
    const signature = frame.slice(guess - SIGNATURE_AND_END, guess - END);
    if (guess > at && isHeldText(signature, frame.slice(at, guess))) {
      held += 1;
      at = guess;
    } else {
      const end = endOfObject(frame, at);
      if (end < 0) return { text: frame, held: 0 };
      kept.push(frame.slice(at, end));
      at = end;
    }
    if (frame.charCodeAt(at) !== COMMA) break;
    at += 1;
    // A comma before the list's end is an error that the parser must see.
    if (frame.charCodeAt(at) !== OPEN_BRACE) return { text: frame, held: 0 };
  }
  if (held === 0 || frame.charCodeAt(at) !== CLOSE_BRACKET) return { text: frame, held: 0 };
  return { text: frame.slice(0, from) + kept.join(",") + frame.slice(at), held };
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Where a record ends whose last member is its signature, or `start` where that is not its shape. */
function endBySignature(frame: string, start: number): number {
  const signatureAt = frame.indexOf(SIGNATURE, start);
  const end = signatureAt + SIGNATURE.length + SIGNATURE_AND_END;
  return signatureAt >= 0 && frame.charCodeAt(end - 1) === CLOSE_BRACE ? end : start;
}

/** The index behind the object that begins at `start`, or -1 where it has no end. */
function endOfObject(frame: string, start: number): number {
  let depth = 0;
  for (let index = start; index < frame.length; index += 1) {
    const code = frame.charCodeAt(index);
    if (code === QUOTE) {
      index = endOfString(frame, index);
      if (index < 0) return -1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return -1;
}

function endOfString(frame: string, start: number): number {
  for (let index = start + 1; index < frame.length; index += 1) {
    const code = frame.charCodeAt(index);
    if (code === BACKSLASH) index += 1;
    else if (code === QUOTE) return index;
  }
  return -1;
}
