import { rfc3339FromMs } from "@arctic/core";
import { byId } from "./dom.ts";
import { forgedPush } from "./forge.ts";
import { Host } from "./host.ts";
import { fetchDemoLicense } from "./license.ts";
import { NOTE_KIND, tidyText } from "./note.ts";
import { createPage, type PageActions, showBanner } from "./page.ts";
import { Store } from "./store.ts";
import { pageView } from "./view.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
const LOCK_PATIENCE_MS = 500;

const name = new URLSearchParams(location.search).get("name") ?? "";
if (NAME.test(name)) openAs(name);
else byId("names", HTMLFormElement).hidden = false;

/** One page at a time is a person: two with one identity would sign different things under one version. */
function openAs(person: string): void {
  const patience = setTimeout(() => {
    showBanner(`${person} is open in another tab of this browser. This one goes on when that one is closed.`);
  }, LOCK_PATIENCE_MS);
  navigator.locks.request(`arctic-notes/${person}`, async () => {
    clearTimeout(patience);
    showBanner(undefined);
    await run(person).catch((error: unknown) => showBanner(error instanceof Error ? error.message : String(error)));
    // Held until the page is gone.
    await new Promise(() => {});
  });
}

async function run(person: string): Promise<void> {
  const demo = await fetchDemoLicense();
  const store = await Store.open(`arctic-notes/${person}`);
  const loaded = await store.load(demo, Date.now());
  let isDrawing = false;
  const host = new Host(person, store, loaded, demo.roots, () => {
    if (isDrawing) return;
    isDrawing = true;
    setTimeout(() => {
      isDrawing = false;
      show(pageView(host, Date.now()));
    });
  });
  const show = createPage(actionsOn(host));
  window.addEventListener("pagehide", () => host.end());
  // A page that the browser kept aside has ended; it begins anew.
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  await host.start();
}

function actionsOn(host: Host): PageActions {
  const complaintOf = async (feeding: ReturnType<Host["feed"]>): Promise<string | undefined> => {
    const step = await feeding;
    return step === undefined ? "It was not saved." : step.rejection?.message;
  };
  const put = (id: string, created_at: string, typed: string) =>
    complaintOf(host.feed({ type: "write", kind: NOTE_KIND, id, body: { text: tidyText(typed), created_at } }));
  return {
    write: (typed) => put(crypto.randomUUID(), rfc3339FromMs(Date.now()), typed),
    edit: ({ record, createdAt }, typed) => put(record.id, rfc3339FromMs(createdAt), typed),
    remove: ({ record }) => complaintOf(host.feed({ type: "delete", kind: NOTE_KIND, id: record.id })),
    forge: ({ record, author }) => {
      host.sayPastTheNode(forgedPush(record, "This is not what was written here.", Date.now()));
      return `Sent a version that ${author.name} did not sign to all linked pages. Look at what they refused.`;
    },
    add: (card) => host.add(card),
  };
}
