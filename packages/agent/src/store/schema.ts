import type { DatabaseSync } from "node:sqlite";

/** One step of the database's form, from the version before it. */
export interface Migration {
  readonly to: number;
  readonly sql: string;
}

/** Every form that the database ever had, in order. A step is never changed, only followed by another. */
export const MIGRATIONS: readonly Migration[] = [
  {
    to: 1,
    sql: `
      CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
      INSERT INTO schema_version VALUES (0);
      CREATE TABLE record (
        key TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        owner TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        document TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE book (peer TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE fact (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
    `,
  },
  {
    to: 2,
    sql: `
      CREATE TABLE outcome (
        key TEXT PRIMARY KEY,
        digest TEXT NOT NULL,
        at INTEGER NOT NULL,
        answer TEXT
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    // Records stand in the order in which they came, so that those that come together are written to few pages.
    to: 3,
    sql: `
      CREATE TABLE record_as_it_came (
        key TEXT PRIMARY KEY,
        document TEXT NOT NULL,
        kind TEXT AS (document ->> 'kind') VIRTUAL,
        owner TEXT AS (document ->> 'owner') VIRTUAL,
        id TEXT AS (document ->> 'id') VIRTUAL,
        version INTEGER AS (document ->> 'version') VIRTUAL
      ) STRICT;
      INSERT INTO record_as_it_came SELECT key, document FROM record ORDER BY key;
      DROP TABLE record;
      ALTER TABLE record_as_it_came RENAME TO record;
    `,
  },
];

/** The database's version; 0 for an empty one. */
export function schemaVersionOf(database: DatabaseSync): number {
  const isEmpty = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").get() === undefined;
  return isEmpty ? 0 : Number(database.prepare("SELECT version FROM schema_version").get()?.version);
}

/**
 * Takes the database to the newest version, all steps or none. Throws an Error that says what to do where a newer
 * agent has written it; then it is as it was.
 */
export function migrate(database: DatabaseSync, path: string, migrations: readonly Migration[] = MIGRATIONS): void {
  const newest = migrations.at(-1)?.to ?? 0;
  const found = schemaVersionOf(database);
  if (!Number.isSafeInteger(found) || found > newest) {
    throw new Error(
      `${path} has schema version ${found}, and this agent reads up to ${newest}: use the agent that wrote it, or a newer one`,
    );
  }
  const due = migrations.filter(({ to }) => to > found);
  if (due.length === 0) return;
  database.exec("BEGIN IMMEDIATE");
  try {
    for (const { to, sql } of due) {
      database.exec(sql);
      database.prepare("UPDATE schema_version SET version = ?").run(to);
    }
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${path} cannot be taken from schema version ${found} to ${newest} (${reason}), and is as it was: make room for a second copy of it, or restore it from a backup`,
    );
  }
}
