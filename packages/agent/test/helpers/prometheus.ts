/** One value of a metric. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metrics {
  readonly samples: readonly Sample[];
  readonly typeByName: ReadonlyMap<string, string>;
  /** The value under the name whose labels include the given ones; `undefined` where there is none, or more than one. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/**
 * Reads the text format of Prometheus, version 0.0.4. Throws an Error with the line where it is not valid: each metric is
 * told once, by HELP, TYPE and its samples together, and no series comes twice.
 */
export function parseMetrics(text: string): Metrics {
  if (!text.endsWith("\n")) throw new Error("the last line has no newline");
  const samples: Sample[] = [];
  const typeByName = new Map<string, string>();
  const seen = new Set<string>();
  let helped: string | undefined;
  let current: string | undefined;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const help = HELP.exec(line);
    const type = TYPE.exec(line);
    if (help !== null) helped = help[1];
    else if (type !== null) {
      const [, name = "", kind = ""] = type;
      if (name !== helped || typeByName.has(name)) throw new Error(`a metric is told twice or without HELP: ${line}`);
      typeByName.set(name, kind);
      current = name;
    } else {
      const sample = parseSample(line);
      const base = current !== undefined && sample.name.startsWith(current) ? sample.name.slice(current.length) : "?";
      const isHistogram = typeByName.get(current ?? "") === "histogram" && /^_(bucket|sum|count)$/.test(base);
      if (base !== "" && !isHistogram) throw new Error(`a sample stands under another metric: ${line}`);
      const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(series)) throw new Error(`a series comes twice: ${line}`);
      seen.add(series);
      samples.push(sample);
    }
  }
  return {
    samples,
    typeByName,
    value(name, labels = {}) {
      const found = samples.filter(
        (sample) => sample.name === name && Object.entries(labels).every(([key, is]) => sample.labels[key] === is),
      );
      return found.length === 1 ? found[0]?.value : undefined;
    },
  };
}

function parseSample(line: string): Sample {
  const [, name = "", labelText = "", valueText = ""] = SAMPLE.exec(line) ?? [];
  const value = valueText === "+Inf" ? Number.POSITIVE_INFINITY : Number(valueText);
  if (name === "" || Number.isNaN(value)) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labelText.length) {
    const match = LABEL.exec(labelText);
    const [, key = "", text = ""] = match ?? [];
    if (match === null || key in labels) throw new Error(`wrong labels: ${line}`);
    labels[key] = text;
  }
  return { name, labels, value };
}
