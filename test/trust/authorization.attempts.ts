import type { AttemptTable } from '../helpers/attempts.js';
import type { AuthorizationScene } from './authorization.scene.js';

export const authorization: AttemptTable<AuthorizationScene> = {
  title: 'Whose is what',
  who: 'Somebody with a token of any role for one team, against a hub that has two.',
  test: 'test/trust/authorization.test.ts',
  attempts: [],
};
