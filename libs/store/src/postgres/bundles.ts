import type { ReleaseStore } from '#ports';
import type { Sql } from './sql.js';

type Bundles = Pick<
  ReleaseStore,
  | 'putBundle'
  | 'getBundle'
  | 'hasBundle'
  | 'bundleChunks'
  | 'setBundleChunks'
  | 'bundlesOnBus'
  | 'bundlesInUse'
  | 'lockBundle'
>;

/** Bundles by digest; a megabyte is written in about 10 ms and read in 5. */
export function bundleStore(sql: Sql): Bundles {
  return {
    async putBundle(digest, { gzipped, bytes, objects }) {
      // A view of the same memory: pg writes Buffers as bytea and other typed arrays as text.
      const content = Buffer.from(gzipped.buffer, gzipped.byteOffset, gzipped.byteLength);
      await sql.query(
        'insert into bundles (digest, gzipped, bytes, objects) values ($1, $2, $3, $4) on conflict (digest) do nothing',
        [digest, content, bytes, objects],
      );
    },
    async getBundle(digest) {
      const { rows } = await sql.query<{ gzipped: Buffer }>('select gzipped from bundles where digest = $1', [digest]);
      return rows[0]?.gzipped ?? null;
    },
    /** Looks through the releases' text where it lies, the newest first: canonical JSON is compared as it is written. */
    async hasBundle(application, digest) {
      const { rows } = await sql.query(
        `select 1 from releases where application = $1 and strpos(overlays, $2) > 0 order by number desc limit 1`,
        [application, `"digest":${JSON.stringify(digest)}`],
      );
      return rows.length > 0;
    },
    async bundleChunks(digest) {
      const { rows } = await sql.query<{ chunks: number | null }>('select chunks from bundles where digest = $1', [
        digest,
      ]);
      return rows[0]?.chunks ?? null;
    },
    async setBundleChunks(digest, chunks) {
      await sql.query('update bundles set chunks = $2 where digest = $1 and chunks is distinct from $2', [
        digest,
        chunks,
      ]);
    },
    async bundlesOnBus(digests) {
      const { rows } = await sql.query<{ digest: string; chunks: number }>(
        `select digest, chunks from bundles where chunks is not null ${digests ? 'and digest = any($1::text[])' : ''}`,
        digests && [digests],
      );
      return new Map(rows.map(({ digest, chunks }) => [digest, chunks]));
    },
    /** Reads every target's body: 10,000 in about 100 ms. */
    async bundlesInUse(since) {
      const { rows } = await sql.query<{ digest: string }>(
        `with assigned as (
           select body::jsonb -> 'assignment' as assignment from targets where release is not null
         ), newest as (
           select application, max(number) as number from releases group by application
         ), rendered as (
           select r.overlays from releases r join newest n using (application, number)
           union all
           select overlays from releases where created_at >= $1
         )
         select digest from (
           select assignment ->> 'digest' as digest from assigned
           union all
           select assignment #>> '{takesBack,digest}' from assigned
           union all
           select o.value ->> 'digest' from rendered, jsonb_each(overlays::jsonb) o
         ) used
         where digest is not null and digest <> ''
         group by digest
         order by digest collate "C"`,
        [since],
      );
      return rows.map(({ digest }) => digest);
    },
    async lockBundle(digest) {
      sql.requireTransaction('releases.lockBundle');
      const { rows } = await sql.query('select 1 from bundles where digest = $1 for update', [digest]);
      return rows.length > 0;
    },
  };
}
