import { encodeMessage, encodeWithRecords, type Message, type MessageOf } from "../gossip/message.ts";
import type { License } from "../license/license.ts";
import type { RecordKey, SignedRecord } from "../registry/record.ts";
import type { Rejection } from "../rejection.ts";
import type { PeerBookEntry } from "../trust/peer-book.ts";
import type { Effect, NodeFlags, Notice } from "./effect.ts";
import type { LinkId } from "./input.ts";

/** A record's text, as it travels. */
interface Carried {
  readonly text: string;
}

/** Gathers the effects of one input. What must be on disk is one `persist`, before everything that may leave the host. */
export class Outbox {
  readonly #recordByKey = new Map<RecordKey, SignedRecord>();
  readonly #dropped = new Set<RecordKey>();
  readonly #bookByPeer = new Map<string, PeerBookEntry>();
  #license: License | undefined;
  #flags: NodeFlags | undefined;
  #rest: Effect[] = [];

  keep(key: RecordKey, record: SignedRecord): void {
    this.#dropped.delete(key);
    this.#recordByKey.set(key, record);
  }

  drop(key: RecordKey): void {
    this.#recordByKey.delete(key);
    this.#dropped.add(key);
  }

  note(entry: PeerBookEntry): void {
    this.#bookByPeer.set(entry.peer, entry);
  }

  keepLicense(license: License): void {
    this.#license = license;
  }

  keepFlags(flags: NodeFlags): void {
    this.#flags = flags;
  }

  send(link: LinkId, message: Message): void {
    this.#rest.push({ type: "send", link, text: encodeMessage(message) });
  }

  push(link: LinkId, held: readonly Carried[]): void {
    const texts = held.map(({ text }) => text);
    this.#rest.push({ type: "send", link, text: encodeWithRecords({ type: "push" }, texts) });
  }

  heartbeat(link: LinkId, head: Omit<MessageOf<"heartbeat">, "records">, held: readonly Carried[]): void {
    const texts = held.map(({ text }) => text);
    this.#rest.push({ type: "send", link, text: encodeWithRecords(head, texts) });
  }

  close(link: LinkId, rejection: Rejection): void {
    this.#rest.push({ type: "close", link, rejection });
  }

  notify(notice: Notice): void {
    this.#rest.push({ type: "notify", notice });
  }

  dial(effect: Extract<Effect, { type: "dial" }>): void {
    this.#rest.push(effect);
  }

  /** The effects so far, in the order to perform them; the outbox is empty afterwards. */
  take(): Effect[] {
    const effects = this.#needsDisk() ? [this.#persist(), ...this.#rest] : this.#rest;
    this.#recordByKey.clear();
    this.#dropped.clear();
    this.#bookByPeer.clear();
    this.#license = undefined;
    this.#flags = undefined;
    this.#rest = [];
    return effects;
  }

  #needsDisk(): boolean {
    const lists = this.#recordByKey.size + this.#dropped.size + this.#bookByPeer.size;
    return lists > 0 || this.#license !== undefined || this.#flags !== undefined;
  }

  #persist(): Effect {
    return {
      type: "persist",
      records: [...this.#recordByKey.values()],
      drop: [...this.#dropped],
      book: [...this.#bookByPeer.values()],
      ...(this.#license === undefined ? {} : { license: this.#license }),
      ...(this.#flags === undefined ? {} : { flags: this.#flags }),
    };
  }
}
