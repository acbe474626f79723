import { AsyncLocalStorage } from "node:async_hooks";
import type { Change, Store, StoredOutcome } from "./store.ts";

/** A request under way. */
export interface Noting {
  readonly note: StoredOutcome;
  /** True once something was stored in its course, and the note with it. */
  isNoted: boolean;
}

/** A store that notes requests beside what they change. */
export interface NotingStore extends Store {
  /**
   * Does the work of a request. The first change that is stored in its course bears the note, in one transaction: so
   * there is a note exactly where something was done, also when the agent is killed in the midst of it.
   */
  noting<T>(request: Noting, work: () => Promise<T>): Promise<T>;
}

export function createNotingStore(store: Store): NotingStore {
  const present = new AsyncLocalStorage<{ request: Noting | undefined }>();
  const noted = (change: Change, keep: (change: Change) => void): void => {
    const request = present.getStore()?.request;
    if (request === undefined || request.isNoted) keep(change);
    else {
      keep({ ...change, outcomes: [...(change.outcomes ?? []), request.note] });
      request.isNoted = true;
    }
  };
  return {
    get refusal() {
      return store.refusal;
    },
    load: () => store.load(),
    commit: (change) => noted(change, (bearing) => store.commit(bearing)),
    write: (change) => noted(change, (bearing) => store.write(bearing)),
    flush: () => store.flush(),
    probe: () => store.probe(),
    close: () => store.close(),
    async noting(request, work) {
      const course: { request: Noting | undefined } = { request };
      try {
        return await present.run(course, work);
      } finally {
        // Timers that were set on the way do not belong to it.
        course.request = undefined;
      }
    },
  };
}
