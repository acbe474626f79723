/** Speaks to the person who waits: one line a step on stderr, with the time it took. Stdout stays the program's own. */
const terminal = process.stderr.isTTY === true;
const coloured = terminal && !process.env.NO_COLOR;
const paint = (code, text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

/** Runs `work` and prints one line when it ends; its result is given through. On a terminal the line shows while it runs. */
export async function step(words, work) {
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  const redraw = () => process.stderr.write(`\r\u001b[K… ${words} ${paint(2, seconds())}`);
  const timer = terminal ? setInterval(redraw, 200) : undefined;
  const line = (mark) =>
    process.stderr.write(`${terminal ? "\r\u001b[K" : ""}${mark} ${words} ${paint(2, seconds())}\n`);
  try {
    const result = await work();
    line(paint(32, "✓"));
    return result;
  } catch (error) {
    line(paint(31, "✗"));
    throw error;
  } finally {
    clearInterval(timer);
  }
}

export function note(words) {
  process.stderr.write(`${paint(33, "!")} ${words}\n`);
}

/** A failure whose message is all that a person needs; anything else that is thrown is a bug and keeps its stack. */
export class Failure extends Error {}

/** Runs a script's main function; its value, where it is a number, is the exit code. */
export async function main(work) {
  try {
    const code = await work();
    if (typeof code === "number") process.exitCode = code;
  } catch (error) {
    process.stderr.write(`${error instanceof Failure ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
