import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "./relay.ts";

/** What a request comes to: an answer that is there, or events for as long as they come. */
export type Reply =
  | { readonly type: "whole"; readonly answer: Answer }
  | { readonly type: "stream"; readonly body: ReadableStream<Uint8Array> };

const EVENT_STREAM = { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" };

export function writeReply(reply: Reply, message: IncomingMessage, response: ServerResponse): void {
  if (reply.type === "whole") writeAnswer(reply.answer, response);
  else void writeStream(reply.body, message, response);
}

const TOO_LARGE = 413;
/** UTF-16 units. */
const LONG_TEXT = 16_384;

function writeAnswer(answer: Answer, response: ServerResponse): void {
  const { status, body, contentType, headers } = answer;
  response.statusCode = status;
  if (headers !== undefined) for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // The rest of a body that is too long is not waited for.
  if (status === TOO_LARGE) response.setHeader("connection", "close");
  if (status === 204) {
    response.end();
    return;
  }
  response.setHeader("content-type", contentType);
  // Node writes a short text in one piece with the headers; a long one it would turn into bytes 20 times slower than this.
  const bytes = body.length < LONG_TEXT ? body : Buffer.from(body, "utf8");
  response.setHeader("content-length", Buffer.byteLength(bytes));
  response.end(bytes);
}

/** Writes as fast as the reader takes it: what it leaves waits in the stream, whose owner cuts it when it is too much. */
async function writeStream(
  body: ReadableStream<Uint8Array>,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, EVENT_STREAM);
  const reader = body.getReader();
  response.once("close", () => void reader.cancel());
  if (message.method === "HEAD") {
    response.end();
    return;
  }
  response.flushHeaders();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (response.destroyed) return;
    if (!response.write(next.value)) await drained(response);
  }
  response.end();
}

/** Resolves when the connection takes more, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}
