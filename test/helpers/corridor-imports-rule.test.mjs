import path from 'node:path';
import { describe, it } from '@jest/globals';
import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
import { corridorImports } from './corridor-imports-rule.mjs';

RuleTester.describe = describe;
RuleTester.it = it;

const root = path.resolve(import.meta.dirname, '../..');
const at = (file) => path.join(root, file);
const fine = (file, code) => ({ name: `lets ${file} do: ${code}`, filename: at(file), code });
const refused = (file, code, messageId) => ({
  name: `refuses ${file}: ${code}`,
  filename: at(file),
  code,
  errors: [{ messageId }],
});

new RuleTester({ languageOptions: { parser: tseslint.parser } }).run('corridor-imports', corridorImports, {
  valid: [
    fine('libs/domain/src/a.ts', "import { createHash } from 'node:crypto'; import { b } from './b/c.js';"),
    fine(
      'libs/domain/src/a.test.ts',
      "import { it } from '@jest/globals'; import { spawn } from 'node:child_process';",
    ),
    fine('libs/bus/src/a.ts', "import { x } from '#contract'; import type { Y } from '#ports'; import z from 'zod';"),
    fine('libs/store/src/a.ts', "import { all } from '../../../migrations/index.js';"),
    fine(
      'libs/kube/src/a.test.ts',
      "import { suite } from '#ports/contract-suites/kube'; import x from '../../../test/helpers/x.js';",
    ),
    fine('apps/hub/src/a.ts', "import '#store'; import '#bus';"),
    fine('apps/simulator/src/a.ts', "import { agent } from '../../agent/src/agent.js';"),
    fine('apps/cli/src/commands/agent.ts', "const kube = await import('#kube');"),
    fine('apps/simulator/src/a.ts', "import { startControlPlane } from '#control-plane';"),
    fine('test/corridor/a.ts', "import { hub } from '../../apps/hub/src/hub.js'; import '#store';"),
  ],
  invalid: [
    refused('libs/domain/src/a.ts', "import { randomUUID } from 'node:crypto';", 'pure'),
    refused('libs/domain/src/a.ts', "import { readFileSync } from 'node:fs';", 'pure'),
    refused('libs/domain/src/a.ts', "export { x } from '#kit';", 'direction'),
    refused('libs/kit/src/a.ts', "import type { Cluster } from '#domain';", 'direction'),
    refused('libs/contract/src/a.ts', "const x = await import('#ports');", 'direction'),
    refused('libs/render/src/a.ts', "type X = import('#source').X;", 'direction'),
    refused('libs/source/src/a.ts', "import { x } from '../../render/src/x.js';", 'direction'),
    refused('libs/source/src/a.ts', "import { x } from '../../kit/src/x.js';", 'byName'),
    refused('libs/kube/src/a.ts', "import '#contract';", 'direction'),
    refused('libs/kube/src/a.ts', "import x from '../../../test/helpers/x.js';", 'direction'),
    refused('apps/cli/src/a.ts', "export * from '#store';", 'direction'),
    refused('apps/cli/src/commands/apply.ts', "const kube = await import('#kube');", 'direction'),
    refused('apps/agent/src/a.ts', "import { hub } from '../../hub/src/hub.js';", 'direction'),
    refused('apps/simulator/src/a.ts', "import '#store';", 'direction'),
    refused('apps/hub/src/a.ts', "import '#control-plane';", 'direction'),
    refused('libs/control-plane/src/a.ts', "import '#kube';", 'direction'),
  ],
});
