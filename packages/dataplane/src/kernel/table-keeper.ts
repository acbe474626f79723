import { type Counts, NFT_REMOVAL, nftTransaction, type TableParts, tableParts } from "./nft.ts";
import { nftDifference } from "./nft-difference.ts";
import type { NftGeneration } from "./nft-generation.ts";
import { NO_READING, observeCounts, observeTable } from "./observed.ts";
import type { Ruleset } from "./ruleset.ts";
import type { Runner } from "./runner.ts";

export interface TableKeeperOptions {
  readonly runner: Runner;
  readonly generation: NftGeneration;
  readonly onCommand: (kind: string, text: string, error: string | undefined) => void;
}

/** Reads a whole transaction before it looks at the kernel. */
export const NFT_COMMIT: readonly string[] = ["nft", "-f", "-"];

/**
 * `nft` closes its socket before it ends, and waits there until the kernel has freed what was deleted. For a transaction of
 * so many characters at most it costs less to be told of each element than to wait for that.
 */
const WATCHED_TEXT = 16 * 1024;

/** The table as it was written, and by what it is known again. */
interface Written {
  readonly parts: TableParts;
  /** While the kernel's is the same, nobody has changed any table. */
  readonly generation: number | undefined;
  /** Of its listing; undefined until it was listed since it was written. */
  readonly digest: string | undefined;
}

/** Keeps the one nftables table as it must be: writes what differs, and tells whether it still stands. */
export class TableKeeper {
  readonly #options: TableKeeperOptions;
  #written: Written | undefined;
  /** The generation at which there was no table. */
  #absentAt: number | undefined;
  #counts: Counts = new Map();

  constructor(options: TableKeeperOptions) {
    this.#options = options;
  }

  /** Makes the table hold the ruleset, in one transaction. Throws when nft refuses; the kernel keeps the one before. */
  async write(ruleset: Ruleset, parts: TableParts = tableParts(ruleset)): Promise<void> {
    const before = await this.#standing();
    if (before === undefined) {
      await this.#replace(ruleset, parts);
      return;
    }
    const text = nftDifference(before.parts, parts);
    if (text === "") return;
    try {
      await this.#commit(text, parts, before.generation);
    } catch {
      await this.#replace(ruleset, parts);
    }
  }

  async remove(): Promise<void> {
    if (!this.#isAbsent()) await this.#run(NFT_REMOVAL);
    this.#absentAt = this.#options.generation.read();
    this.#written = undefined;
    this.#counts = new Map();
  }

  /** Is the table the one that was written, unchanged since? Lists it only where the generation does not tell. */
  async isCurrent(): Promise<boolean> {
    return (await this.#standing()) !== undefined;
  }

  /** What was counted; with `isFresh` false, what had been when it was last read. */
  async counts(isFresh: boolean): Promise<Counts> {
    const written = this.#written;
    if (!isFresh || written === undefined) return this.#counts;
    const { runner, generation } = this.#options;
    if (written.digest !== undefined) {
      this.#counts = await observeCounts(runner);
      return this.#counts;
    }
    // The first look since it was written: what it looks like from here tells it from a changed one.
    const { tableDigest, counts } = await observeTable(runner);
    if (generation.read() === written.generation && this.#written === written) {
      this.#written = { ...written, digest: tableDigest };
    }
    this.#counts = counts;
    return counts;
  }

  /** What was written, if the kernel still holds it. */
  async #standing(): Promise<Written | undefined> {
    const written = this.#written;
    if (written === undefined) return undefined;
    const generation = this.#options.generation.read();
    if (generation !== undefined && generation === written.generation) return written;
    const { tableDigest } = await observeTable(this.#options.runner);
    // A table that was never listed since it was written cannot be told from a changed one.
    if (tableDigest === undefined || tableDigest !== written.digest) return undefined;
    this.#written = { ...written, generation };
    return this.#written;
  }

  async #replace(ruleset: Ruleset, parts: TableParts): Promise<void> {
    this.#written = undefined;
    const { table, counts } = this.#isAbsent() ? NO_READING : await observeTable(this.#options.runner);
    await this.#commit(nftTransaction(ruleset, table, counts), parts, this.#options.generation.read());
  }

  /** Nobody has written to any table since ours was taken away. */
  #isAbsent(): boolean {
    return this.#absentAt !== undefined && this.#absentAt === this.#options.generation.read();
  }

  async #commit(text: string, parts: TableParts, generationBefore: number | undefined): Promise<void> {
    await this.#run(text);
    const generation = this.#options.generation.read();
    // Two steps or more: somebody else wrote too, perhaps after us, so only a listing from here on counts.
    const isOursAlone = generation !== undefined && generation === nextOf(generationBefore);
    const digest = isOursAlone ? undefined : (await observeTable(this.#options.runner)).tableDigest;
    this.#written = { parts, generation: isOursAlone ? generation : undefined, digest };
  }

  async #run(text: string): Promise<void> {
    const { runner, generation, onCommand } = this.#options;
    const watch = text.length <= WATCHED_TEXT ? generation.watch() : undefined;
    const { code, stderr } = await runner.run(NFT_COMMIT, text, watch?.hasCommitted);
    watch?.end();
    onCommand("nft", text, code === 0 ? undefined : stderr.trim());
    if (code !== 0) throw new Error(`nft refused the ruleset, and the kernel keeps the one before: ${stderr.trim()}`);
  }
}

/** The kernel counts in 32 bits and leaves out 0. */
function nextOf(generation: number | undefined): number | undefined {
  if (generation === undefined) return undefined;
  return generation === 0xffff_ffff ? 1 : generation + 1;
}
