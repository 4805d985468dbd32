import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { hostileSecretsAttempts } from './hostile-secrets.attempts.js';
import { HostileSecretsScene } from './hostile-secrets.scene.js';

describe('who may push what is encrypted', () => {
  const scene = new HostileSecretsScene();

  beforeAll(() => scene.open());
  afterAll(() => scene.close());

  it.each(hostileSecretsAttempts.attempts)(
    '$name: $stoppedBy',
    async ({ run }) => {
      await run(scene);
      await scene.isUnharmed();
    },
    120_000,
  );
});
