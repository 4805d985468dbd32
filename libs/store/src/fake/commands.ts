import { canonicalJson, type Freeze } from '#domain';
import type { AnswerStore, FreezeStore } from '#ports';
import { ANSWER_AGE_MS } from '../answer-age.js';
import { keyOf, kept } from './memory.js';
import type { Run } from './session.js';

const FREEZE = 'freeze';

export function fakeFreeze(run: Run): FreezeStore {
  return {
    get: () =>
      run(({ tables }) => {
        const found = tables.settings.get(FREEZE);
        return found === undefined ? null : (JSON.parse(found) as Freeze);
      }),
    set: (freeze) => run(({ tables }) => tables.settings.set(FREEZE, canonicalJson(freeze))),
    clear: () =>
      run(({ tables }) => {
        if (tables.settings.get(FREEZE) === undefined) return false;
        tables.settings.delete(FREEZE);
        return true;
      }),
  };
}

export function fakeAnswers(run: Run): AnswerStore {
  return {
    get: (actor, key, now) =>
      run(({ tables }) => {
        const found = tables.answers.get(keyOf(actor, key));
        return found === undefined || found.at <= now - ANSWER_AGE_MS ? null : found;
      }),
    put: (answer) =>
      run(async (session) => {
        const key = keyOf(answer.actor, answer.key);
        await session.lock(`answer ${key}`);
        const before = session.tables.answers.get(key);
        if (before !== undefined && before.at > answer.at - ANSWER_AGE_MS) return false;
        session.tables.answers.set(key, kept(answer));
        return true;
      }),
    prune: (now) =>
      run(({ tables }) => {
        const old = tables.answers.rows().filter(({ at }) => at <= now - ANSWER_AGE_MS);
        for (const { actor, key } of old) tables.answers.delete(keyOf(actor, key));
        return old.length;
      }),
  };
}
