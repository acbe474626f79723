import { createServer } from "node:net";
import { formatAddress, parseAddress, parseSocketAddress } from "../../../packages/dataplane/src/cidr.ts";
import { Limiter } from "../../../packages/dataplane/src/pegasus/limiter.ts";
import { onreadEngine } from "../../../packages/dataplane/src/pegasus/onread-engine.ts";
import { bindTransparent, type Endpoint, listenTransparent } from "../../../packages/dataplane/src/pegasus/socket.ts";
import { crossedFlows } from "./crossed.ts";

/** The relay engine alone: takes what TPROXY captured and dials on with the client's own address. Answers `count` with bytes. */

const PORT = 8701;
const limit = new Limiter({ nowMs: () => 0, after: () => () => {} });
let carried = 0;
const count = (bytes: number): void => {
  carried += bytes;
};

for (const text of ["127.0.0.1", "::1"]) {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    const source = endpointOf(socket.remoteAddress, socket.remotePort);
    const destination = endpointOf(socket.localAddress, socket.localPort);
    const request = { serviceId: "", source, destination, transparent: true, byInterface: false };
    const [near, far] = crossedFlows(request);
    const host = formatAddress(destination.address);
    onreadEngine.relay({
      end: {
        type: "dial",
        host,
        port: destination.port,
        timeoutMs: 5_000,
        sources: [() => bindTransparent(source), () => bindTransparent({ ...source, port: 0 })],
      },
      flow: far,
      limit,
      watcher: { connected: () => {}, fromSocket: () => {}, toSocket: count, finished: () => {} },
    });
    onreadEngine.relay({
      end: { type: "accepted", socket },
      flow: near,
      limit,
      watcher: { connected: () => {}, fromSocket: () => {}, toSocket: count, finished: () => {} },
    });
  });
  server.listen({ fd: listenTransparent({ address, port: PORT }, 1024) });
}
process.stdin.on("data", () => process.stdout.write(`carried ${carried}\n`));
process.stdout.write("listening\n");

function endpointOf(address: string | undefined, port: number | undefined): Endpoint {
  const parsed = parseSocketAddress(address ?? "");
  if (parsed === undefined || port === undefined) throw new Error("a captured connection has no address");
  return { address: parsed, port };
}
