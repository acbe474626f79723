import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/**
 * `serve NAME PORT` answers what comes by TCP and UDP with the name. `ask ADDRESS PORT FROM FROM_PORT TAG COUNT` sends so
 * many datagrams `TAG-NUMBER` from that address and port and prints, as JSON, each answer that came.
 */

const [what, ...rest] = process.argv.slice(2);
if (what === "serve") serve(rest);
else ask(rest);

function serve([name = "", port = ""]: string[]): void {
  createServer((socket) => socket.on("error", () => {}).end(name)).listen({ port: Number(port), host: "::" }, () => {
    for (const type of ["udp4", "udp6"] as const) {
      const socket = createSocket({ type, ipv6Only: type === "udp6" });
      socket.on("message", (message, from) =>
        socket.send(`${name} ${message.toString("utf8")}`, from.port, from.address),
      );
      socket.bind(Number(port));
    }
    process.stdout.write("listening\n");
  });
}

function ask([address = "", port = "", from = "", fromPort = "", tag = "", count = ""]: string[]): void {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  const answers: string[] = [];
  const finish = (): void => {
    process.stdout.write(JSON.stringify(answers), () => process.exit(0));
  };
  socket.on("message", (message) => {
    answers.push(message.toString("utf8"));
    if (answers.length === Number(count)) setTimeout(finish, 200);
  });
  socket.bind(Number(fromPort), from, () => {
    for (let at = 0; at < Number(count); at += 1) {
      setTimeout(() => socket.send(`${tag}-${at}`, Number(port), address), at * 10);
    }
    setTimeout(finish, 5_000);
  });
}
