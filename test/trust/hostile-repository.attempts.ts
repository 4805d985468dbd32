import type { AttemptTable } from '../helpers/attempts.js';
import { baseAttempts } from './hostile-repository/bases.js';
import { bombAttempts } from './hostile-repository/bombs.js';
import { chartAttempts } from './hostile-repository/charts.js';
import { kustomizationAttempts } from './hostile-repository/kustomizations.js';
import { linkAttempts } from './hostile-repository/links.js';
import type { HostileRepositoryScene } from './hostile-repository/scene.js';
import { signatureAttempts } from './hostile-repository/signatures.js';
import { submoduleAttempts } from './hostile-repository/submodules.js';
import { textAttempts } from './hostile-repository/texts.js';

export const hostileRepositoryAttempts: AttemptTable<HostileRepositoryScene> = {
  title: 'A repository that is read',
  who: 'Who may push to a repository that an application uses, against the hub that reads it. After each the hub goes on with the next good commit, nothing was fetched from elsewhere, and nothing is left on its disk.',
  test: 'test/trust/hostile-repository.test.ts',
  attempts: [
    ...linkAttempts,
    ...kustomizationAttempts,
    ...baseAttempts,
    ...chartAttempts,
    ...submoduleAttempts,
    ...signatureAttempts,
    ...textAttempts,
    ...bombAttempts,
  ],
};
