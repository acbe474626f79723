import { rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasTunnelKey, loadTunnelKey, type TunnelKey } from "./tunnel-key.ts";

/**
 * The tunnel's key and, while the cluster learns of it, the next one. The next key is announced at once and taken when
 * the overlap is over; until then peers reach this host by the one that it has.
 */

export interface KeyRotationOptions {
  /** Where the keys lie, each in a file of its own. */
  readonly folder: string;
  /** For so long a next key is announced before it is taken. */
  readonly overlapMs: number;
  /** A key that is older is followed by a next one; undefined: only when asked. */
  readonly lifetimeMs: number | undefined;
  /** Told when the next key has become the tunnel's. */
  readonly onTaken: () => void;
  readonly onFailed: (error: unknown) => void;
}

export class KeyRotation {
  readonly #options: KeyRotationOptions;
  #current: TunnelKey;
  #next: TunnelKey | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** One that was asked for while it goes on. */
  #beginning: Promise<void> | undefined;

  private constructor(options: KeyRotationOptions, current: TunnelKey, next: TunnelKey | undefined) {
    this.#options = options;
    this.#current = current;
    this.#next = next;
  }

  /** Reads the keys, or makes the first. A next one that is found waits its whole overlap again. */
  static async open(options: KeyRotationOptions): Promise<KeyRotation> {
    const current = await loadTunnelKey(pathOf(options, "current"));
    const isChanging = await hasTunnelKey(pathOf(options, "next"));
    const rotation = new KeyRotation(
      options,
      current,
      isChanging ? await loadTunnelKey(pathOf(options, "next")) : undefined,
    );
    if (isChanging) rotation.#wait();
    return rotation;
  }

  /** The key that the tunnel has. */
  get current(): TunnelKey {
    return this.#current;
  }

  /** The public key that the cluster is told, base64url. */
  get announced(): string {
    return (this.#next ?? this.#current).publicKey;
  }

  /** Makes the next key and announces it, unless one is announced already. */
  begin(): Promise<void> {
    this.#beginning ??= this.#begin().finally(() => {
      this.#beginning = undefined;
    });
    return this.#beginning;
  }

  /** Begins where the key has outlived its time. `now` in milliseconds since the epoch. */
  async beginIfOld(now: number): Promise<void> {
    const { lifetimeMs } = this.#options;
    if (lifetimeMs === undefined || this.#next !== undefined) return;
    const { mtimeMs } = await stat(pathOf(this.#options, "current"));
    if (now - mtimeMs > lifetimeMs) await this.begin();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #begin(): Promise<void> {
    if (this.#next !== undefined) return;
    this.#next = await loadTunnelKey(pathOf(this.#options, "next"));
    this.#wait();
  }

  #wait(): void {
    const { overlapMs, onTaken, onFailed } = this.#options;
    this.#timer = setTimeout(() => {
      this.#take().then(onTaken, (error: unknown) => {
        onFailed(error);
        this.#wait();
      });
    }, overlapMs).unref();
  }

  async #take(): Promise<void> {
    if (this.#next === undefined) return;
    await rename(pathOf(this.#options, "next"), pathOf(this.#options, "current"));
    this.#current = this.#next;
    this.#next = undefined;
  }
}

const pathOf = ({ folder }: KeyRotationOptions, which: "current" | "next"): string =>
  join(folder, which === "current" ? "tunnel.key" : "tunnel-next.key");
