import { connect } from "node:net";
import { report, sha256 } from "./stream.ts";

/** `download.ts HOST PORT SEED BYTES SECONDS`: asks the server for seeded bytes; reports how many came, and their hash. */
const [host = "", port = "", seed = "", bytes = "", seconds = "60"] = process.argv.slice(2);

const hash = sha256();
let received = 0;
let localAddress = "";
const startedAt = performance.now();

const socket = connect({ host, port: Number(port) });
const limit = setTimeout(() => socket.destroy(new Error(`no end after ${seconds} s`)), Number(seconds) * 1000);
socket.on("connect", () => {
  localAddress = socket.localAddress ?? "";
  socket.write(`${JSON.stringify({ seed, bytes: Number(bytes) })}\n`);
});
socket.on("data", (piece) => {
  received += piece.length;
  hash.update(piece);
});
socket.on("error", (error) => conclude(error.message));
socket.on("end", () => conclude());

function conclude(error?: string): void {
  clearTimeout(limit);
  socket.destroy();
  const elapsedMs = performance.now() - startedAt;
  report({ bytes: received, sha256: hash.digest("hex"), local_address: localAddress, elapsed_ms: elapsedMs, error });
  process.exitCode = error === undefined ? 0 : 1;
}
