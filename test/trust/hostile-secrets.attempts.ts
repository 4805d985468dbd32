import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { makeBundle } from '#domain';
import { readPolicies } from '#domain/policies';
import type { Attempt, AttemptTable } from '../helpers/attempts.js';
import { carried, type HostileSecretsScene, type Loose } from './hostile-secrets.scene.js';

type Scene = HostileSecretsScene;
type Try = Attempt<Scene>;

const PLACE = 'AES-GCM binds each value to the keys that lead to it';
const WHOLE = 'the code over all values of the file as it stands in Git';
const DOCUMENT = 'an object has the encrypted values of one document of its file, and no others';
const BOUNDED = 'lines, recipients and data keys are counted before anything is read';
const SHOWN = 'a policy is asked of what is encrypted, and what hides from it is refused';
const NAMED = 'apiVersion, kind and metadata may not be encrypted';

const sealedText = 'ENC[AES256_GCM,data:AA==,iv:AAAAAAAAAAAAAAAA,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]';
const recipients = (sops: Loose[string]): { recipient: string; enc: string }[] =>
  sops['age'] as { recipient: string; enc: string }[];

const refused: readonly (readonly [
  what: string,
  by: string,
  make: (scene: Scene) => Parameters<Scene['isRefused']>[0],
  words: RegExp,
])[] = [
  [
    'puts one encrypted value in the place of another',
    PLACE,
    (scene) =>
      scene.changed('secret.enc.yaml', ({ stringData = {}, data = {} }) => (stringData['user'] = data['token'])),
    /stringData\.user can't be decrypted: it was changed or moved/,
  ],
  [
    'puts the value of another object under the same key into the file',
    WHOLE,
    (scene) => {
      const [first = {}, second = {}] = scene.documents('two.enc.yaml');
      const passwords = [first, second].map((each) => (each['stringData'] as Record<string, string>)['password'] ?? '');
      const file = scene.text('two.enc.yaml').replace(passwords[0] ?? '', passwords[1] ?? '');
      return carried(
        [{ ...first, stringData: { ...(first['stringData'] as object), password: passwords[1] ?? '' } }],
        file,
      );
    },
    /not those that were encrypted together/,
  ],
  [
    'patches the value of another object of the file into one, under the same key',
    DOCUMENT,
    (scene) =>
      scene.patched('two.enc.yaml', ({ stringData = {} }) => {
        const [, second = {}] = scene.documents('two.enc.yaml');
        stringData['password'] = (second['stringData'] as Record<string, string>)['password'];
      }),
    /not those of one document of its file/,
  ],
  [
    'puts an old value of a key back into the file, and leaves the others new',
    WHOLE,
    (scene) =>
      scene.changed('secret-edited.enc.yaml', ({ stringData = {} }) => {
        const [before = {}] = scene.documents('secret.enc.yaml');
        stringData['user'] = (before['stringData'] as Record<string, string>)['user'];
      }),
    /not those that were encrypted together/,
  ],
  [
    'changes what is in the clear beside it',
    WHOLE,
    (scene) => scene.changed('config-map.enc.yaml', ({ data = {} }) => (data['colour'] = 'red')),
    /not those that were encrypted together/,
  ],
  [
    'widens what may be in the clear, and writes a password of its own',
    WHOLE,
    (scene) =>
      scene.changed('secret.enc.yaml', ({ sops = {}, data = {} }) => {
        sops['encrypted_regex'] = '^stringData$';
        data['token'] = 'bWluZQ==';
      }),
    /not those that were encrypted together/,
  ],
  [
    'says that the code is over encrypted values alone',
    WHOLE,
    (scene) =>
      scene.changed('config-map.enc.yaml', ({ sops = {}, data = {} }) => {
        sops['mac_only_encrypted'] = true;
        data['colour'] = 'red';
      }),
    /not those that were encrypted together/,
  ],
  [
    'takes the file away that an object came of',
    'an object without its file is refused',
    (scene) => scene.patched('secret.enc.yaml', ({ sops = {} }) => delete sops['file']),
    /its file did not come with it/,
  ],
  [
    'writes a password in the clear that would win over the encrypted one',
    'no key of a Secret is in data and in stringData',
    (scene) => scene.lines('app.enc.env').map((secret) => ({ ...secret, stringData: { DB_PASSWORD: 'mine' } })),
    /DB_PASSWORD is in its data and in its stringData, which would win/,
  ],
  [
    'adds a line in the clear to those that a Secret was made of',
    'the lines of a Secret are those of its file, and no others',
    (scene) =>
      scene.lines('many.enc.env').map((secret) => {
        return { ...secret, data: { ...(secret['data'] as object), MORE_unencrypted: 'bWluZQ==' } };
      }),
    /MORE_unencrypted is not encrypted with the others of its file/,
  ],
  [
    'encrypts it for a million recipients',
    BOUNDED,
    (scene) =>
      scene.patched('secret.enc.yaml', ({ sops = {} }) => {
        sops['age'] = Array.from({ length: 1_000_000 }, () => ({ recipient: 'age1', enc: '' }));
      }),
    /sops\.age has more than 50 entries/,
  ],
  [
    'names the cluster’s key fifty times, with data keys that nobody can read',
    'one data key is tried for each recipient',
    (scene) =>
      scene.changed('secret.enc.yaml', ({ sops = {} }) => {
        const [{ recipient = '', enc = '' } = {}] = recipients(sops);
        sops['age'] = Array.from({ length: 50 }, () => ({ recipient, enc: enc.replace('ZW5j', 'AAAA').slice(0, 300) }));
      }),
    /data key can't be read/,
  ],
  [
    'has metadata of a million lines',
    BOUNDED,
    (scene) => scene.file('a.yaml', `a: ${sealedText}\nsops:\n${'  x: y\n'.repeat(1_000_000)}`),
    /more than 10000 lines and values/,
  ],
  [
    'has metadata of one line that is a megabyte',
    BOUNDED,
    (scene) => scene.changed('secret.enc.yaml', ({ sops = {} }) => (sops['encrypted_regex'] = 'a'.repeat(1_000_000))),
    /SOPS metadata can't be read \(sops\.encrypted_regex\)/,
  ],
  [
    'has nine thousand lists in each other',
    'what is nested too deep is refused',
    (scene) => scene.file('a.yaml', `a: ${sealedText}\nb: ${'['.repeat(9_000)}\nsops:\n`),
    /no YAML|nested too deep/,
  ],
  [
    'has a rule of what is encrypted that takes for ever',
    'expressions that might are not evaluated',
    (scene) => scene.changed('secret.enc.yaml', ({ sops = {} }) => (sops['encrypted_regex'] = '^(a+)+$')),
    /none that is evaluated here/,
  ],
  [
    'encrypts what an object is called',
    NAMED,
    (scene) => {
      const [object = {}] = scene.documents('secret-whole.enc.yaml');
      return carried([object], scene.text('secret-whole.enc.yaml'));
    },
    /apiVersion is encrypted/,
  ],
];

const attempts: readonly Try[] = [
  ...refused.map(([name, stoppedBy, make, words]): Try => ({
    name,
    stoppedBy,
    run: async (scene) => scene.isRefused(make(scene), words),
  })),
  {
    name: 'encrypts a field of a Deployment, so that no policy looks at it',
    stoppedBy: SHOWN,
    run: async () => {
      const image = 'web:latest';
      const object = {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, sops: { mac: sealedText } },
        spec: { template: { spec: { containers: [{ name: 'web', image }] } }, note: sealedText },
      };
      const rules = [
        { name: 'tag', expression: 'containers.all(c, !c.image.endsWith(":latest"))', message: 'name it' },
      ];
      const policies = readPolicies([{ name: 'images', spec: { mode: 'refuse', match: { kinds: ['*'] }, rules } }]);
      const cluster = { name: 'eu-1', labels: {}, facts: {} };
      const place = { cluster, application: { name: 'web', namespace: 'shop' } };
      equal(policies.judge(object, place).length, 1);
      const { note: _, ...spec } = object.spec;
      match(policies.judge({ ...object, spec }, place)[0]?.message ?? '', /name it/);
    },
  },
  {
    name: 'has the hub take in an object whose kind shows in the cluster alone',
    stoppedBy: NAMED,
    run: async () => {
      const made = makeBundle([{ apiVersion: 'v1', kind: sealedText, metadata: { name: 'a' } }]);
      ok(!made.ok);
      match(made.errors[0]?.message ?? '', /encrypted: encrypt it again with --encrypted-regex/);
    },
  },
  {
    name: 'commits the whole file as it was a year ago',
    stoppedBy:
      'nothing: it is what a revert is; signatures of commits and who may push decide, and a rotated password ends it',
    run: async (scene) => {
      const { objects, errors } = await scene.unseal(scene.changed('secret.enc.yaml', () => undefined));
      deepEqual([objects.length, errors], [1, []]);
    },
  },
];

export const hostileSecretsAttempts: AttemptTable<HostileSecretsScene> = {
  title: 'A repository with encrypted files',
  who: 'Who may push to a repository and cannot read what is encrypted there, against an agent that can. After each the agent goes on with what nobody touched, and tells nothing of what it read.',
  test: 'test/trust/hostile-secrets.test.ts',
  attempts,
};
