import { type IpAddress, parseSocketAddress } from "../../../src/cidr.ts";
import type { ResetCode } from "../../../src/pegasus/frame.ts";
import { openLinkIdentity } from "../../../src/pegasus/identity-store.ts";
import { Link } from "../../../src/pegasus/link.ts";
import { dialLink } from "../../../src/pegasus/link-dial.ts";

/**
 * A compromised host: with the keys of its data plane (FOLDER) it dials ADDRESS, whose certificate is FINGERPRINT, and
 * opens flows as it likes. Takes one JSON line a flow on standard input; prints what became of it.
 */

export interface Forgery {
  readonly service: string;
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly transparent?: boolean;
  readonly byInterface?: boolean;
}

const [folder = "", address = "", fingerprint = ""] = process.argv.slice(2);
const identity = await openLinkIdentity(folder, new Date());
dialLink({ address, port: 61_000, fingerprint }, identity, (result) => {
  if ("error" in result) throw new Error(result.error);
  const link = new Link({
    socket: result.socket,
    fingerprint,
    onWelcome: () => {
      process.stdout.write("linked\n");
      listen(link);
    },
    onClosed: (_, reason) => process.stdout.write(`closed ${reason}\n`),
  });
});

function listen(link: Link): void {
  let text = "";
  process.stdin.on("data", (chunk: Buffer) => {
    const lines = (text + chunk.toString("utf8")).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) forge(link, JSON.parse(line) as Forgery);
  });
}

function forge(link: Link, { service, source, destination, port, transparent, byInterface }: Forgery): void {
  const flow = link.mux.open({
    serviceId: service,
    source: { address: addressOf(source), port: 40_000 },
    destination: { address: addressOf(destination), port },
    transparent: transparent === true,
    byInterface: byInterface === true,
  });
  const say = (outcome: "accepted" | ResetCode): void => void process.stdout.write(`outcome ${outcome}\n`);
  flow.attach({
    accepted: () => {
      say("accepted");
      flow.reset("cancelled");
    },
    data: () => {},
    ended: () => {},
    reset: say,
    writable: () => {},
  });
}

function addressOf(text: string): IpAddress {
  const mapped = /^::ffff:(.+)$/.exec(text)?.[1];
  if (mapped !== undefined) return { family: 6, value: (0xffffn << 32n) | addressOf(mapped).value };
  const parsed = parseSocketAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}
