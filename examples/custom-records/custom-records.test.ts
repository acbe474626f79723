import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createIdentity, issueRecord, type LiveRecord, nextVersion, nobleCrypto } from "@arctic/core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeInBrowser, launchBrowser } from "../../test/support/browser.ts";
import { Eavesdropper } from "./test/eavesdropper.ts";
import { notesOf, noteWith, openAs, openLinked, press, untilLinked, write } from "./test/pages.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

/** Bob's page, as the channel knows it. */
const BOB = "bob.notes:1";

let server: ChildProcess;
let url: string;

beforeAll(async () => {
  server = spawn(process.execPath, ["--conditions=arctic-source", MAIN], { stdio: ["ignore", "pipe", "inherit"] });
  url = await urlIn(server);
});

afterAll(async () => {
  if (server.exitCode === null) {
    server.kill("SIGKILL");
    await once(server, "exit");
  }
});

describeInBrowser("the example of an own kind of record, in a real browser", () => {
  let browser: Browser;
  let context: BrowserContext;
  const mistakes: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  async function openContext(): Promise<void> {
    context = await browser.newContext();
    context.on("weberror", (error) => mistakes.push(error.error().message));
  }

  async function closeContext(): Promise<void> {
    await context.close();
    expect(mistakes.splice(0)).toEqual([]);
  }

  describe("two people who belong together", () => {
    let alice: Page;
    let bob: Page;
    let eavesdropper: Eavesdropper;

    beforeAll(async () => {
      await openContext();
      [{ alice, bob }, eavesdropper] = await Promise.all([openLinked(context, url), Eavesdropper.start(context, url)]);
    });
    afterAll(closeContext);

    it("see in one page what is added, edited and deleted in the other", async () => {
      await write(alice, "Hello, <b>bob</b>.");
      await write(bob, "Hello, alice.");
      await untilNotes(alice, ["bob: Hello, alice.", "alice (you): Hello, <b>bob</b>."]);

      await press(alice, "Edit", noteWith(alice, "Hello, <b>bob</b>."));
      await alice.getByLabel("Text of the note").fill("Good evening, bob.");
      await press(alice, "Save");
      await untilNotes(bob, ["bob (you): Hello, alice.", "alice: Good evening, bob."]);

      for (const [page, text] of [
        [alice, "Good evening, bob."],
        [bob, "Hello, alice."],
      ] as const)
        await deleteNote(page, text);
      await Promise.all([untilNotes(alice, []), untilNotes(bob, [])]);
      await bob.getByText("Deleted for good (2)").waitFor();
    });

    it("see who wrote a note, by the key that signed it, and no way to change another's", async () => {
      await write(alice, "Signed by me");
      const note = noteWith(bob, "Signed by me");
      await note.getByText("Signature verified").click();
      const { record } = await eavesdropper.overheard(BOB, "Signed by me");
      const proof = await note.locator("dl").textContent();
      for (const part of [record.owner, record.key, record.signature]) expect(proof).toContain(part);
      expect(await alice.locator("#me code").textContent()).toBe(record.owner.slice(-8));
      expect(await note.getByRole("button").allTextContents()).toEqual(["Try to forge"]);
      await deleteNote(alice, "Signed by me");
    });

    it("refuse what somebody else puts on the channel in alice's name, and show it nowhere", async () => {
      await write(alice, "What alice wrote");
      await noteWith(bob, "What alice wrote").waitFor();
      const { frame, record } = await eavesdropper.overheard(BOB, "What alice wrote");
      await eavesdropper.push(frame, forgeriesOf(record as LiveRecord));
      for (const reason of [
        "the signature is not the owner's",
        "the owner's id does not commit to the record's key",
        "the owner is not admitted",
      ])
        await bob.locator("#refused").getByText(reason).waitFor();
      await press(bob, "Try to forge", noteWith(bob, "What alice wrote"));
      await alice.locator("#refused").getByText("the signature is not the owner's").waitFor();

      expect(await notesOf(bob)).toEqual(["alice: What alice wrote"]);
      expect(await notesOf(alice)).toEqual(["alice (you): What alice wrote"]);
      await deleteNote(alice, "What alice wrote");
    });

    it("see no more of a deleted note although its old copy, truly signed, is sent again", async () => {
      await write(alice, "Soon gone");
      await noteWith(bob, "Soon gone").waitFor();
      const { frame, record } = await eavesdropper.overheard(BOB, "Soon gone");
      await deleteNote(alice, "Soon gone");
      await untilNotes(bob, []);
      await eavesdropper.push(frame, [record]);
      // What is written after the replay arrives after it, so the replay has been judged.
      await write(alice, "Still here");
      await untilNotes(bob, ["alice: Still here"]);
      expect(await notesOf(alice)).toEqual(["alice (you): Still here"]);
      await deleteNote(alice, "Still here");
    });

    it("read long words in a narrow window without scrolling sideways", async () => {
      await bob.setViewportSize({ width: 320, height: 640 });
      await write(bob, "x".repeat(400));
      await noteWith(bob, "xxx").getByText("Signature verified").click();
      expect(await bob.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    });
  });

  describe("a page", () => {
    beforeEach(openContext);
    afterEach(closeContext);

    it("keeps identity and notes over a reload, with nobody there to ask, and goes on afterwards", async () => {
      const { alice, bob } = await openLinked(context, url);
      await write(alice, "Mine");
      await write(bob, "Theirs");
      await noteWith(alice, "Theirs").waitFor();
      const mark = await alice.locator("#me code").textContent();
      await bob.close();
      await alice.reload();
      await untilNotes(alice, ["bob: Theirs", "alice (you): Mine"]);
      expect(await alice.locator("#me code").textContent()).toBe(mark);
      // Alone after a start, it first gives the others ten seconds to say what they hold of its records.
      expect(await alice.locator("#composer-hint").textContent()).toContain("Asking the others first");

      const bobAgain = await openAs(context, url, "bob");
      await Promise.all([untilLinked(alice), untilLinked(bobAgain)]);
      expect(await alice.getByRole("button", { name: "Add bob" }).count()).toBe(0);
      await write(alice, "Mine, too");
      await untilNotes(bobAgain, ["alice: Mine, too", "bob (you): Theirs", "alice: Mine"]);
    });

    it("brings a newcomer together with all, once somebody who belongs has added them", async () => {
      const { alice, bob } = await openLinked(context, url);
      await write(bob, "Before carol came");
      await noteWith(alice, "Before carol came").waitFor();
      const carol = await openAs(context, url, "carol");
      await press(carol, "Add alice");
      await carol.getByText("ask them to add you there").waitFor();
      await press(alice, "Add carol");
      await untilLinked(carol, 2);
      await untilNotes(carol, ["bob: Before carol came"]);
      await write(carol, "From carol");
      await untilNotes(bob, ["carol: From carol", "bob (you): Before carol came"]);
    });

    it("sends nothing that it could not save, and says so", async () => {
      const { alice, bob } = await openLinked(context, url);
      await alice.getByLabel("New note").fill("Not saved");
      // The page saves in the background, too: the disk must fail in the same turn in which the button is pressed.
      const add = alice.getByRole("button", { name: "Add note", exact: true });
      await expect.poll(() => add.isEnabled(), { timeout: 10_000 }).toBe(true);
      await add.evaluate((button: HTMLButtonElement) => {
        IDBDatabase.prototype.transaction = () => {
          throw new Error("the disk is full");
        };
        button.click();
      });
      await alice.getByRole("alert").filter({ hasText: "the disk is full" }).waitFor();
      await bob.getByText("away").waitFor();
      expect(await notesOf(bob)).toEqual([]);
      expect(await alice.getByLabel("New note").inputValue()).toBe("Not saved");
    });

    it("lets one tab at a time be a person, and shows nobody's notes to somebody whom nobody added", async () => {
      const alice = await openAs(context, url, "alice");
      await write(alice, "Not for everybody");
      const bob = await openAs(context, url, "bob");
      await bob.getByRole("button", { name: "Add alice" }).waitFor();
      expect(await notesOf(bob)).toEqual([]);
      const second = await context.newPage();
      await second.goto(`${url}/?name=alice`);
      await second.getByRole("alert").filter({ hasText: "open in another tab" }).waitFor();
      await alice.close();
      await untilNotes(second, ["alice (you): Not for everybody"]);
    });
  });
});

describe("the server of the example", () => {
  it("gives pages to no other name than its own address", async () => {
    expect((await fetch(`${url}/license.json`)).status).toBe(200);
    expect((await fetch(`${url.replace("127.0.0.1", "localhost")}/license.json`)).status).toBe(404);
  });

  it("says what is wrong with a port", () => {
    const run = spawnSync(process.execPath, ["--conditions=arctic-source", MAIN, "--port", "http"], {
      encoding: "utf8",
    });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain("--port http: a port is 0 to 65535");
  });

  it("ends on Ctrl-C", async () => {
    server.kill("SIGINT");
    const [code] = await once(server, "exit");
    expect(code).toBe(0);
  });
});

async function deleteNote(page: Page, text: string): Promise<void> {
  await press(page, "Delete", noteWith(page, text));
  await press(page, "Delete for good");
  await noteWith(page, text).waitFor({ state: "detached" });
}

function untilNotes(page: Page, notes: readonly string[]): Promise<void> {
  return expect.poll(() => notesOf(page), { timeout: 10_000 }).toEqual(notes);
}

/** Three tries: alice's signature on other words, a key of one's own under alice's id, an honest record of a stranger. */
function forgeriesOf(record: LiveRecord): unknown[] {
  const now = Date.now();
  const version = nextVersion(record.version, now);
  const body = { ...record.body, text: "What alice never wrote" };
  const forger = createIdentity(nobleCrypto, now);
  const head = { kind: record.kind, id: record.id, version, customerId: record.customer_id };
  return [
    { ...record, version, body },
    issueRecord(nobleCrypto, { ...forger, peerId: record.owner }, head, { body }),
    issueRecord(nobleCrypto, forger, head, { body }),
  ];
}

async function urlIn(process: ChildProcess): Promise<string> {
  let said = "";
  for await (const chunk of process.stdout ?? []) {
    said += String(chunk);
    const found = /(http:\S+)\/\?name=alice/.exec(said)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`the example ended before it said where it is: ${said}`);
}
