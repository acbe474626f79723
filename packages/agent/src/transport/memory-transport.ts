import type { LinkId } from "@arctic/core";
import type { DialRequest, Transport, TransportEvent } from "./transport.ts";

/** A network inside the process: transports of one network reach each other by address. */
export interface MemoryNetwork {
  transport(address: string): Transport;
}

interface Station {
  readonly host: string;
  deliver(event: TransportEvent): void;
}

export function createMemoryNetwork(): MemoryNetwork {
  const stationByAddress = new Map<string, Station>();
  const farEndByLink = new Map<LinkId, { readonly link: LinkId; readonly station: Station }>();
  let links = 0;

  const open = (from: Station, to: Station, request: DialRequest) => {
    links += 1;
    const near = `memory-${links}-out`;
    const far = `memory-${links}-in`;
    farEndByLink.set(near, { link: far, station: to });
    farEndByLink.set(far, { link: near, station: from });
    const binding = new Uint8Array(32).fill(links % 256);
    const { dial, address, voucher } = request;
    from.deliver({ type: "opened", direction: "out", link: near, binding, dial, address });
    to.deliver({
      type: "opened",
      direction: "in",
      link: far,
      binding,
      remoteHost: from.host,
      ...(voucher === undefined ? {} : { voucher }),
    });
  };

  const cut = (link: LinkId, near: Station) => {
    const far = farEndByLink.get(link);
    if (far === undefined) return;
    farEndByLink.delete(link);
    farEndByLink.delete(far.link);
    near.deliver({ type: "closed", link });
    far.station.deliver({ type: "closed", link: far.link });
  };

  const transport = (address: string): Transport => {
    let listener: ((event: TransportEvent) => void) | undefined;
    const closed = new Set<LinkId>();
    const own = new Set<LinkId>();
    const station: Station = {
      host: address.slice(0, address.lastIndexOf(":")),
      deliver: (event) =>
        setImmediate(() => {
          if (event.type === "opened") own.add(event.link);
          if (event.type === "received" && closed.has(event.link)) return;
          listener?.(event);
        }),
    };
    return {
      start(next) {
        listener = next;
        stationByAddress.set(address, station);
      },
      dial(request) {
        const to = stationByAddress.get(request.address);
        if (to !== undefined) open(station, to, request);
        else station.deliver({ type: "dial_failed", dial: request.dial, reason: "nothing listens there" });
      },
      send(link, text) {
        const far = farEndByLink.get(link);
        far?.station.deliver({ type: "received", link: far.link, text });
      },
      close(link) {
        closed.add(link);
        cut(link, station);
      },
      stop() {
        stationByAddress.delete(address);
        for (const link of own) cut(link, station);
        listener = undefined;
      },
    };
  };

  return { transport };
}
