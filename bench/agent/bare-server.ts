import { randomBytes } from "node:crypto";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createTlsIdentity } from "../../packages/agent/src/transport/tls.ts";

/** Node's own HTTPS server and nothing else: it answers every request with the text that it is started with. */
const [body = ""] = process.argv.slice(2);
const { certificate, key } = createTlsIdentity(randomBytes(16));
const server = createServer({ cert: certificate, key, minVersion: "TLSv1.3" }, (_, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
