import type { IncomingMessage } from "node:http";
import { LIMITS } from "@arctic/core";
import { Problem } from "./problem.ts";

/** Bodies are at most this long. */
const MAX_BODY_BYTES = LIMITS.frameBytes;

/** The request's body as bytes. Throws Problem where it is too long, or where the caller went away in its middle. */
export function bodyOf(message: IncomingMessage): Promise<Uint8Array> {
  const { "content-length": declared, "transfer-encoding": encoding } = message.headers;
  if (declared === undefined && encoding === undefined) return NO_BODY;
  if (Number(declared ?? 0) > MAX_BODY_BYTES) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) return;
      message.off("data", onData);
      message.pause();
      reject(tooLarge());
    };
    message.on("data", onData);
    message.once("end", () => resolve(new Uint8Array(Buffer.concat(chunks))));
    for (const ending of ["close", "error"])
      message.once(ending, () => reject(new Problem("INVALID_REQUEST", "the body did not come whole")));
  });
}

/** The same limit for text that came whole. Throws Problem. */
export function bytesOfText(text: string): Uint8Array {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length > MAX_BODY_BYTES) throw tooLarge();
  return bytes;
}

const NO_BODY = Promise.resolve(new Uint8Array());

function tooLarge(): Problem {
  return new Problem("TOO_LARGE", "the body is larger than 1 MiB");
}
