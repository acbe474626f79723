import { isJsonObject, type JsonObject, parseJson, type SignedRecord } from "@arctic/core";
import type { BrowserContext, Page } from "playwright-core";

interface Frame {
  readonly type: "frame";
  readonly to: string;
  readonly link: string;
  readonly text: string;
}

/** A page of the same origin that hears everything on the channel and may say anything there. It is nobody's peer. */
export class Eavesdropper {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async start(context: BrowserContext, url: string): Promise<Eavesdropper> {
    const page = await context.newPage();
    await page.goto(url);
    await page.evaluate(() => {
      const channel = new BroadcastChannel("arctic-notes");
      const heard: unknown[] = [];
      channel.onmessage = ({ data }) => heard.push(data);
      Object.assign(globalThis, { channel, heard });
    });
    return new Eavesdropper(page);
  }

  /** The frame that carried the record of which this is a part, and the record, as they were sent to the address. */
  async overheard(address: string, part: string): Promise<{ readonly frame: Frame; readonly record: SignedRecord }> {
    const heard = await this.#page.evaluate(() => (globalThis as unknown as { heard: unknown[] }).heard);
    for (const packet of heard) {
      if (!isFrame(packet) || packet.to !== address) continue;
      const message = parseJson(packet.text);
      const records = isJsonObject(message) && Array.isArray(message.records) ? (message.records as JsonObject[]) : [];
      const record = records.find((candidate) => JSON.stringify(candidate).includes(part));
      if (record !== undefined) return { frame: packet, record: record as unknown as SignedRecord };
    }
    throw new Error(`no frame to ${address} carried a record with ${part}`);
  }

  /** Sends records on somebody else's link, as if its other end had sent them. */
  async push({ to, link }: Frame, records: readonly unknown[]): Promise<void> {
    const packet = { type: "frame", to, link, text: JSON.stringify({ type: "push", records }) };
    await this.#page.evaluate((data) => {
      (globalThis as unknown as { channel: BroadcastChannel }).channel.postMessage(data);
    }, packet);
  }
}

function isFrame(packet: unknown): packet is Frame {
  return isJsonObject(packet) && packet.type === "frame" && typeof packet.text === "string";
}
