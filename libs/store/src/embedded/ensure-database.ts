import { RejectedError } from '#kit';
import pg from 'pg';
import { toStoreError } from '../postgres/database-error.js';
import { ROLE } from './init-cluster.js';

const DATABASE = 'flotilla';

export interface ServerAddress {
  readonly password: string;
  readonly socketFolder: string | null;
  readonly port: number;
}

/**
 * The URL of our database on a server that has just started, made where it is not there yet.
 * @throws RejectedError `database-folder-broken`
 */
export async function ensureDatabase(address: ServerAddress): Promise<string> {
  const client = new pg.Client({ connectionString: urlOf(address, 'postgres'), connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } catch (error) {
    const failure = toStoreError(error);
    if (failure.code !== 'database-refused') throw failure;
    // Nobody else sets this one's password: the file is not the one that the database was made with.
    throw new RejectedError(
      'database-folder-broken',
      'The embedded PostgreSQL refuses its own password: restore postgres/password in the data folder from a backup.',
    );
  } finally {
    await client.end().catch(() => undefined);
  }
  return urlOf(address, DATABASE);
}

function urlOf({ password, socketFolder, port }: ServerAddress, database: string): string {
  const host = socketFolder === null ? '127.0.0.1' : 'localhost';
  const url = new URL(`postgresql://${host}:${port}/${database}`);
  url.username = ROLE;
  url.password = password;
  // Over a Unix socket, the host is the folder that it lies in.
  if (socketFolder !== null) url.searchParams.set('host', socketFolder);
  return url.href;
}
