/** Tells the person what happens: a line a step, with the time it took. Colours only on a terminal, never with NO_COLOR. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #coloured: boolean;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#coloured = out.isTTY === true && !process.env.NO_COLOR;
    // A terminal that was closed must not end us before we have cleaned up.
    out.on("error", () => {});
  }

  /** Runs `work`; prints ✓ or ✗, the words and what `work` returned to be said. Throws on what it threw. */
  async step(words: string, work: () => Promise<string | undefined>): Promise<void> {
    const startedAt = performance.now();
    const took = () => this.#paint("2", ` ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    try {
      const said = await work();
      this.line(`${this.#paint("32", "✓")} ${words}${said === undefined ? "" : `: ${said}`}${took()}`);
    } catch (error) {
      this.line(`${this.#paint("31", "✗")} ${words}${took()}`);
      throw error;
    }
  }

  heading(words: string): void {
    this.line(`\n${this.#paint("1", words)}`);
  }

  line(words = ""): void {
    this.#out.write(`${words}\n`);
  }

  mark(ok: boolean): string {
    return ok ? this.#paint("32", "✓") : this.#paint("31", "✗");
  }

  #paint(code: string, words: string): string {
    return this.#coloured ? `\u001b[${code}m${words}\u001b[0m` : words;
  }
}
