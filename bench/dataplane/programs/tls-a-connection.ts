import { readFileSync } from "node:fs";
import { createServer, connect as dial, type Socket } from "node:net";
import { connect, createServer as createTlsServer } from "node:tls";
import { parseAddress } from "../../../packages/dataplane/src/cidr.ts";
import { listenTransparent } from "../../../packages/dataplane/src/pegasus/socket.ts";

/** The plain way to reach a peer: `entry FOLDER PEER` dials it with TLS for every connection, `exit FOLDER HOST PORT` lets out. */

const [role = "", folder = "", host = "", port = "0"] = process.argv.slice(2);
const LINK_PORT = 61_000;
const own = role === "entry" ? "a" : "b";
const other = role === "entry" ? "b" : "a";
const tls = {
  key: readFileSync(`${folder}/${own}.key`),
  cert: readFileSync(`${folder}/${own}.crt`),
  ca: readFileSync(`${folder}/${other}.crt`),
  minVersion: "TLSv1.3" as const,
  ciphers: "TLS_AES_128_GCM_SHA256",
};

if (role === "entry") {
  const address = parseAddress("127.0.0.1");
  if (address === undefined) throw new Error("127.0.0.1 is no address");
  const server = createServer({ noDelay: true }, (socket) => {
    join(socket, connect({ ...tls, host, port: LINK_PORT, checkServerIdentity: () => undefined }));
  });
  server.listen({ fd: listenTransparent({ address, port: 8701 }, 1024) });
} else {
  createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true, noDelay: true }, (socket) => {
    join(socket, dial({ host, port: Number(port), noDelay: true }));
  }).listen(LINK_PORT);
}
process.stdout.write("listening\n");

function join(one: Socket, two: Socket): void {
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    from.on("error", () => to.destroy());
    from.pipe(to);
  }
}
