import { type ClusterEvent, eventSchema } from "../schema.ts";

/** Reads server-sent events (WHATWG HTML, section 9.2.6). Events of types that this client does not know are left out. */
export async function* eventsIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ClusterEvent, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(block: string): ClusterEvent | undefined {
  const data = block
    .split("\n")
    .flatMap((line) => (line.startsWith("data:") ? [line.slice("data:".length).trimStart()] : []));
  if (data.length === 0) return undefined;
  try {
    const parsed = eventSchema.safeParse(JSON.parse(data.join("\n")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
