import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type DhcpAnswer, type DhcpQuestion, decodeAnswer, encodeQuestion } from "./dhcp-message.ts";
import type { PacketSocket } from "./packet-socket.ts";

export interface Lease {
  /** The address with its prefix length. */
  readonly cidr: string;
  readonly server: string | undefined;
  readonly leaseSeconds: number;
}

const TRIES = 4;
const FIRST_WAIT_MS = 1_000;
const LOOK_EVERY_MS = 25;

/**
 * Asks for an address on a link, first for the one that it had. Undefined when no server answers.
 * @throws Error when the link is gone.
 */
export async function askForLease(
  socket: PacketSocket,
  mac: Uint8Array,
  before: Lease | undefined,
): Promise<Lease | undefined> {
  if (before !== undefined) {
    const address = addressOf(before);
    const again = await ask(socket, { type: "request", transaction: transaction(), mac, address }, ["ack", "nak"]);
    if (again?.type === "ack") return leaseFrom(again);
  }
  const offer = await ask(socket, { type: "discover", transaction: transaction(), mac }, ["offer"]);
  if (offer === undefined) return undefined;
  const { address, server } = offer;
  const taken: DhcpQuestion = {
    type: "request",
    transaction: offer.transaction,
    mac,
    address,
    ...(server === undefined ? {} : { server }),
  };
  const answer = await ask(socket, taken, ["ack", "nak"]);
  return answer?.type === "ack" ? leaseFrom(answer) : undefined;
}

const transaction = (): number => randomInt(1, 2 ** 32);
const addressOf = ({ cidr }: Lease): string => cidr.split("/")[0] ?? "";

function leaseFrom({ address, prefixLength, server, leaseSeconds }: DhcpAnswer): Lease {
  return { cidr: `${address}/${prefixLength}`, server, leaseSeconds };
}

/** Asks again, each time after twice as long, until an answer of these types to this question comes. */
async function ask(
  socket: PacketSocket,
  question: DhcpQuestion,
  types: readonly DhcpAnswer["type"][],
): Promise<DhcpAnswer | undefined> {
  // An address that is asked for again is not waited for as long: there is another way to one.
  const tries = question.server === undefined && question.type === "request" ? TRIES / 2 : TRIES;
  for (let tried = 0; tried < tries; tried += 1) {
    socket.broadcast(encodeQuestion(question));
    const until = performance.now() + FIRST_WAIT_MS * 2 ** tried;
    while (performance.now() < until) {
      const packet = socket.receive();
      if (packet === undefined) {
        await sleep(LOOK_EVERY_MS);
        continue;
      }
      const answer = decodeAnswer(packet);
      const isOurs = answer?.transaction === question.transaction && Buffer.from(question.mac).equals(answer.mac);
      if (answer !== undefined && isOurs && types.includes(answer.type)) return answer;
    }
  }
  return undefined;
}
