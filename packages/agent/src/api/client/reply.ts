import { problemSchema } from "../schema.ts";
import { ApiError } from "./error.ts";

/** The refusal in a reply; something else than an agent may have answered. */
export function problemOf(endpoint: string, status: number, text: string): ApiError {
  try {
    const parsed = problemSchema.safeParse(JSON.parse(text));
    if (parsed.success) {
      const { error, code, details, error_description } = parsed.data;
      const message = typeof error_description === "string" ? error_description : error;
      return new ApiError(endpoint, status, code, message, details);
    }
  } catch {
    // Not JSON: told below.
  }
  return new ApiError(
    endpoint,
    status,
    "REPLY_MALFORMED",
    `${endpoint} answered ${status} without an Arctic problem; is it an agent?`,
  );
}

export function jsonOf(endpoint: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(endpoint, 200, "REPLY_MALFORMED", `${endpoint} did not answer with JSON; is it an agent?`);
  }
}

/** All items of a list, page after page. */
export async function allPages<P extends { readonly next_cursor?: string | undefined }, T>(
  load: (cursor: { readonly cursor?: string }) => Promise<P>,
  itemsOf: (page: P) => readonly T[],
): Promise<T[]> {
  const items: T[] = [];
  let page = await load({});
  items.push(...itemsOf(page));
  while (page.next_cursor !== undefined) {
    page = await load({ cursor: page.next_cursor });
    items.push(...itemsOf(page));
  }
  return items;
}
