import type { BrowserContext, Locator, Page } from "playwright-core";

/** Two people of one browser, as the test drives them. */
export interface TwoPages {
  readonly alice: Page;
  readonly bob: Page;
}

/** Opens the page as somebody and waits until it can be used. */
export async function openAs(context: BrowserContext, url: string, name: string): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  await page.goto(`${url}/?name=${name}`);
  await page.getByLabel("New note").waitFor();
  return page;
}

/** Alice and bob, after alice has added bob. */
export async function openLinked(context: BrowserContext, url: string): Promise<TwoPages> {
  const [alice, bob] = await Promise.all([openAs(context, url, "alice"), openAs(context, url, "bob")]);
  await press(alice, "Add bob");
  await Promise.all([untilLinked(alice), untilLinked(bob)]);
  return { alice, bob };
}

/** Clicks a button. A tab in the background is drawn once a second, and a click waits for it to stand still. */
export async function press(page: Page, name: string, within: Page | Locator = page): Promise<void> {
  await page.bringToFront();
  await within.getByRole("button", { name, exact: true }).click();
}

/** Waits for links to so many others. */
export function untilLinked(page: Page, others = 1): Promise<void> {
  return page
    .locator("#people .linked")
    .nth(others - 1)
    .waitFor();
}

export async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel("New note").fill(text);
  await press(page, "Add note");
  await noteWith(page, text).waitFor();
}

export function noteWith(page: Page, text: string): Locator {
  return page.locator("#notes > li").filter({ hasText: text });
}

/** What the page shows of the notes: author and text of each, the newest first. */
export async function notesOf(page: Page): Promise<string[]> {
  const notes = await page.locator("#notes > li").all();
  return Promise.all(
    notes.map(async (note) => {
      const [author, text] = await Promise.all([
        note.locator(".name").textContent(),
        note.locator(".text").textContent(),
      ]);
      return `${author}: ${text}`;
    }),
  );
}
