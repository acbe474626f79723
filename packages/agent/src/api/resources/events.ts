import { type Handlers, stream } from "../context.ts";

export const eventHandlers: Pick<Handlers, "getEvents"> = {
  getEvents: ({ openEvents }) => stream(openEvents()),
};
