import { OPERATIONS, type Operation, type OperationName } from "./operations.ts";

/** The operation that a path names, and what stands in the path for its parameters. */
export interface Route {
  readonly name: OperationName;
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
}

interface Row {
  readonly name: OperationName;
  readonly operation: Operation;
  /** Of its path. A parameter is `{name}`. */
  readonly segments: readonly string[];
}

/** Finds the table's row for a request. Where a text and a parameter both fit, the text does. */
export function routeOf(method: string, path: string): Route | undefined {
  const whole = ROW_BY_PATH.get(`${method} ${path}`);
  if (whole !== undefined) return { ...whole, params: NONE };
  const segments = path.split("/");
  for (const row of ROWS_WITH_PARAMS.get(`${method} ${segments.length}`) ?? []) {
    const params = paramsIn(row.segments, segments);
    if (params !== undefined) return { name: row.name, operation: row.operation, params };
  }
  return undefined;
}

const NONE = {};
const ROWS = (Object.keys(OPERATIONS) as OperationName[]).map((name): Row => {
  const operation: Operation = OPERATIONS[name];
  return { name, operation, segments: operation.path.split("/") };
});
const ROW_BY_PATH = new Map(
  ROWS.filter((row) => !hasParams(row)).map((row) => [
    `${row.operation.method} ${row.operation.path}`,
    { name: row.name, operation: row.operation },
  ]),
);
const ROWS_WITH_PARAMS = Map.groupBy(
  ROWS.filter(hasParams),
  ({ operation, segments }) => `${operation.method} ${segments.length}`,
);

function hasParams({ operation }: Row): boolean {
  return operation.path.includes("{");
}

function paramsIn(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? "";
    if (!part.startsWith("{")) {
      if (part !== segment) return undefined;
    } else if (segment === "") return undefined;
    else params[part.slice(1, -1)] = decoded(segment);
  }
  return params;
}

/** What is not well encoded is left as it is: the parameter's schema refuses it. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
