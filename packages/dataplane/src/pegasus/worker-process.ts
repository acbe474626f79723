import type { ChildProcess } from "node:child_process";
import { startProcess } from "../kernel/runner.ts";
import type { PegasusPlan } from "./pegasus.ts";
import { planChange } from "./plan-change.ts";
import type { WorkerCommand } from "./worker-command.ts";
import {
  type FromWorker,
  fromWorkerSchema,
  type ServiceRate,
  type ServiceUse,
  type ToWorker,
  type WorkerCounts,
} from "./worker-message.ts";

/** One running worker, seen from its parent. */

export type StartMessage = Extract<ToWorker, { type: "start" }>;

export interface WorkerExit {
  /** In words: the code or signal, and the last of what it wrote to standard error. */
  readonly reason: string;
}

const HELLO_MS = 10_000;
const ANSWER_MS = 10_000;
const STDERR_KEPT = 2000;

type Answer = { readonly error?: string; readonly counts?: WorkerCounts };

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #answersByRequest = new Map<number, (answer: Answer) => void>();
  readonly #told: ((message: FromWorker) => void)[] = [];
  #lastRequest = 0;
  /** The plan that it was told of last. */
  #plan: PegasusPlan | undefined;
  #stderr = "";
  #engine = "";
  #useByKey: ReadonlyMap<string, ServiceUse> = new Map();
  readonly #bytesByKey = new Map<string, number>();
  /** Resolves when the process is gone, whatever ended it. */
  readonly exited: Promise<WorkerExit>;

  private constructor(command: WorkerCommand) {
    this.#child = startProcess(command.command, command.args, {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      stdio: ["ignore", "ignore", "pipe"],
      ipc: true,
    });
    this.exited = new Promise((resolve) => {
      this.#child.on("error", (error) => resolve({ reason: error.message }));
      this.#child.on("exit", (code, signal) => resolve({ reason: this.#exitReason(code, signal) }));
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString("utf8")).slice(-STDERR_KEPT);
    });
    this.#child.on("message", (raw) => this.#receive(raw));
    void this.exited.then(({ reason }) => {
      for (const answer of [...this.#answersByRequest.values()]) answer({ error: reason });
    });
  }

  /** Starts the process. @throws Error with the reason when it cannot do a worker's work with these rights. */
  static async start(command: WorkerCommand): Promise<WorkerProcess> {
    const worker = new WorkerProcess(command);
    const said = await worker.#next(HELLO_MS);
    if (said?.type === "hello") {
      worker.#engine = said.engine;
      return worker;
    }
    worker.kill();
    if (said?.type === "unable") throw new Error(said.reason);
    throw new Error(said === undefined ? (await worker.exited).reason : "it did not say hello");
  }

  get engine(): string {
    return this.#engine;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when it listens. @throws Error with the reason when it cannot. */
  async listen(message: StartMessage): Promise<void> {
    this.#plan = message.plan;
    this.#send(message);
    const said = await this.#next(ANSWER_MS);
    if (said?.type === "ready") return;
    this.kill();
    throw new Error(said?.type === "failed" ? said.reason : (await this.exited).reason);
  }

  /** Resolves when the plan holds in this worker. @throws Error when it could not be made to. */
  async apply(plan: PegasusPlan): Promise<void> {
    if (this.#plan === undefined) throw new Error("it was not told to listen yet");
    const change = planChange(this.#plan, plan);
    this.#plan = plan;
    const answer = await this.#ask((request) => ({ type: "apply", request, change }));
    if (answer.error !== undefined) throw new Error(answer.error);
  }

  /** Undefined when it does not answer. */
  async count(): Promise<WorkerCounts | undefined> {
    return (await this.#ask((request) => ({ type: "count", request }))).counts;
  }

  /** What was asked of its limits in the last tenth of a second that it told of, by role and service id. */
  get useByKey(): ReadonlyMap<string, ServiceUse> {
    return this.#useByKey;
  }

  /** Bytes that it let through since they were last taken, by role and service id. */
  takeBytes(): [key: string, bytes: number][] {
    const bytes = [...this.#bytesByKey];
    this.#bytesByKey.clear();
    return bytes;
  }

  setRates(rates: readonly ServiceRate[]): void {
    this.#send({ type: "rates", rates });
  }

  stop(drainMs: number): void {
    this.#send({ type: "stop", drainMs });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #ask(message: (request: number) => ToWorker): Promise<Answer> {
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    return new Promise((resolve) => {
      const answer = (given: Answer) => {
        clearTimeout(timer);
        this.#answersByRequest.delete(request);
        resolve(given);
      };
      const timer = setTimeout(() => answer({ error: `it did not answer within ${ANSWER_MS / 1000} s` }), ANSWER_MS);
      this.#answersByRequest.set(request, answer);
      this.#send(message(request));
    });
  }

  #send(message: ToWorker): void {
    // A worker that is gone is told of by `exited`; the failed send adds nothing.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** The next message that answers no request; undefined when the process ends or says nothing in time. */
  #next(waitMs: number): Promise<FromWorker | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.kill();
        resolve(undefined);
      }, waitMs);
      const done = (message: FromWorker | undefined) => {
        clearTimeout(timer);
        resolve(message);
      };
      this.#told.push(done);
      void this.exited.then(() => done(undefined));
    });
  }

  #receive(raw: unknown): void {
    const parsed = fromWorkerSchema.safeParse(raw);
    if (!parsed.success) {
      this.#stderr = "it said something that is no worker's message";
      this.kill();
      return;
    }
    const message = parsed.data;
    switch (message.type) {
      case "applied":
        this.#answersByRequest.get(message.request)?.(message.error === undefined ? {} : { error: message.error });
        return;
      case "counts":
        this.#answersByRequest.get(message.request)?.({ counts: message.counts });
        return;
      case "use":
        this.#useByKey = new Map(message.use.map((use) => [`${use.role} ${use.serviceId}`, use]));
        for (const [key, { bytes }] of this.#useByKey) {
          this.#bytesByKey.set(key, (this.#bytesByKey.get(key) ?? 0) + bytes);
        }
        return;
      case "hello":
      case "unable":
      case "ready":
      case "failed":
        this.#told.shift()?.(message);
        return;
    }
  }

  #exitReason(code: number | null, signal: NodeJS.Signals | null): string {
    const how = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
    const words = this.#stderr.trim();
    return words === "" ? how : `${how}: ${words}`;
  }
}
