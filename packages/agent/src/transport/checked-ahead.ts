import type { LinkId } from "@arctic/core";
import type { Transport, TransportEvent } from "./transport.ts";

/** Shorter frames hold a few records at most: checking those takes less time than handing them over. */
const LONG_FRAME_CHARS = 8192;
/** Characters of frames that may wait for their checks, over all links. */
const WAITING_CHARS = 64 * 1024 * 1024;

/**
 * A transport whose long frames come once `check` is done with them: their signatures are checked on other threads, and
 * the event loop is free meanwhile. In one turn of it at most one long frame is read and one is heard. Each link keeps the
 * order of its events; what a closed link still had waiting is dropped. A link whose frames come faster than they are checked is dropped, too; gossip heals what was lost.
 */
export function checkedAhead(
  inner: Transport,
  check: (text: string) => Promise<void>,
  nextTurn: () => Promise<void>,
): Transport {
  const lastByLink = new Map<LinkId, Promise<void>>();
  const closed = new Set<LinkId>();
  let waitingChars = 0;
  let isStopped = false;
  let turn = Promise.resolve();
  const ownTurn = () => {
    turn = turn.then(nextTurn);
    return turn;
  };

  const close = (link: LinkId) => {
    if (lastByLink.has(link)) closed.add(link);
    inner.close(link);
  };

  const wait = (link: LinkId, event: TransportEvent, listener: (event: TransportEvent) => void) => {
    const text = event.type === "received" ? event.text : "";
    waitingChars += text.length;
    const before = lastByLink.get(link);
    // A check that could not be made is made again, in its place, by whoever takes the frame.
    const isLong = text.length >= LONG_FRAME_CHARS;
    const checked = isLong ? ownTurn().then(() => check(text).catch(() => undefined)) : undefined;
    const last: Promise<void> = Promise.all([before, checked])
      .then(() => {
        waitingChars -= text.length;
        const isDropped = event.type === "received" && closed.has(link);
        if (event.type === "closed") closed.delete(link);
        if (!isStopped && !isDropped) listener(event);
      })
      .then(isLong ? ownTurn : undefined)
      .finally(() => {
        if (lastByLink.get(link) === last) lastByLink.delete(link);
      });
    lastByLink.set(link, last);
    if (waitingChars > WAITING_CHARS) close(link);
  };

  return {
    start: (listener) =>
      inner.start((event) => {
        const link = "link" in event ? event.link : undefined;
        const isLong = event.type === "received" && event.text.length >= LONG_FRAME_CHARS;
        if (link !== undefined && (isLong || lastByLink.has(link))) wait(link, event, listener);
        else listener(event);
      }),
    dial: (request) => inner.dial(request),
    send: (link, text) => inner.send(link, text),
    close,
    stop: () => {
      isStopped = true;
      inner.stop();
    },
  };
}
