import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { doorAttempts } from './doors.attempts.js';
import { DoorsScene } from './doors.scene.js';
import { sessionAttempts } from './sessions.attempts.js';
import { signInAttempts } from './sign-in.attempts.js';

describe('at the doors of the hub', () => {
  let scene: DoorsScene;

  beforeAll(async () => {
    scene = await DoorsScene.open();
  }, 120_000);
  afterEach(() => scene.reset());
  afterAll(() => scene?.close(), 60_000);

  it('an ID token that is signed anew by the provider’s own key is taken: what is refused below is refused for its lie', async () => {
    scene.provider.tamper = ({ claims }) => ({ claims: { ...claims, more: true } });
    const page = await scene.whoami(await scene.signedIn('ada'));
    expect(JSON.parse(page.text)).toMatchObject({ actor: 'user:ada@flotilla.example', role: 'operator' });
  });

  describe.each([signInAttempts, sessionAttempts, doorAttempts])('$title', ({ attempts }) => {
    it.each(attempts)('$name: $stoppedBy', ({ run }) => run(scene), 120_000);
  });
});
