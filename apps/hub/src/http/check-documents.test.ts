import { describe, expect, it } from '@jest/globals';
import { RejectedError } from '#kit';
import { checkDocuments } from './check-documents.js';

const source = {
  apiVersion: 'flotilla.dev/v1',
  kind: 'Source',
  metadata: { name: 'shop' },
  spec: { url: 'https://git.example/shop.git' },
};
const strategy = (waves: unknown[]) => ({
  apiVersion: 'flotilla.dev/v1',
  kind: 'Strategy',
  metadata: { name: 'careful' },
  spec: { waves },
});

const refusal = (documents: unknown[]): readonly { path: string; message: string }[] => {
  try {
    checkDocuments(documents);
  } catch (error) {
    if (error instanceof RejectedError) return error.details?.['fields'] as { path: string; message: string }[];
  }
  throw new Error('nothing was refused');
};

describe('documents', () => {
  it('get their defaults, and what the hub showed with them is taken back', () => {
    const shown = { ...source, metadata: { name: 'shop', generation: 3, createdAt: 'x' }, status: { revision: 'f' } };
    const [resource] = checkDocuments([shown]);
    expect(resource).toMatchObject({
      kind: 'Source',
      spec: { url: 'https://git.example/shop.git', ref: 'main', interval: '1m' },
    });
  });

  it('that are bad in very many places are told of in some of them', () => {
    const bad = Array.from({ length: 1_000 }, () => ({ kind: 'Nothing' }));
    expect(refusal(bad)).toHaveLength(50);
    expect(() => checkDocuments(bad)).toThrow(/; and 950 more$/);
  });

  describe('of applications', () => {
    const application = (spec: object) => ({
      apiVersion: 'flotilla.dev/v1',
      kind: 'Application',
      metadata: { name: 'web' },
      spec: { source: 'shop', path: '.', ...spec },
    });
    const widget = 'example.com/Widget';
    const rule = (more: object) => ({ health: [{ kind: widget, ...more }] });
    const ignored = (more: object) => ({ ignoreDifferences: [{ kind: 'apps/Deployment', ...more }] });

    it('may say what differs, what health is and as whom they are applied', () => {
      const spec = {
        ...rule({ healthy: 'object.status.ready', message: 'object.status.message' }),
        ignoreDifferences: [{ kind: '*', jsonPointers: ['/metadata/annotations/example.com~1note'], managers: ['x'] }],
        serviceAccount: 'deployer',
      };
      expect(checkDocuments([application(spec)])).toMatchObject([{ spec }]);
      expect(checkDocuments([application({})])).toMatchObject([{ spec: { health: [], ignoreDifferences: [] } }]);
    });

    it.each<[string, object, string, RegExp]>([
      [
        'a kind with rules of its own',
        { health: [{ kind: 'apps/Deployment', healthy: 'true' }] },
        'health[0].kind',
        /must be a custom resource: apps\/Deployment has rules of its own/,
      ],
      ['a kind without a group', { health: [{ kind: 'Widget', healthy: 'true' }] }, 'health[0].kind', /such as cert-/],
      ['a rule that says nothing', rule({}), 'health[0]', /healthy, failed, progressing or suspended must be given/],
      ['CEL that does not parse', rule({ healthy: 'object.status.' }), 'health[0].healthy', /must be CEL over object/],
      ['CEL that is no verdict', rule({ failed: '"text"' }), 'health[0].failed', /must be true or false/],
      [
        'CEL that might take for ever',
        rule({ failed: 'object.a.matches("a+")' }),
        'health[0].failed',
        /not use matches/,
      ],
      ['CEL that is too long', rule({ healthy: 'x'.repeat(501) }), 'health[0].healthy', /at most 500 characters/],
      ['no CEL at all', rule({ healthy: true }), 'health[0].healthy', /must be CEL over object/],
      [
        'two rules for a kind',
        {
          health: [
            { kind: widget, healthy: 'true' },
            { kind: widget, failed: 'true' },
          ],
        },
        'health[1].kind',
        /has a rule already, health\[0\]/,
      ],
      ['a rule where a list belongs', { health: { kind: widget } }, 'health', /must be a list/],
      [
        'rules that are too long together',
        {
          health: Array.from({ length: 20 }, (_, n) => ({
            kind: `${widget}${n}`,
            healthy: `object.a == "${'x'.repeat(450)}"`,
          })),
        },
        'health',
        /at most 8192 characters in all/,
      ],
      [
        'a path that is no pointer',
        ignored({ jsonPointers: ['spec.replicas'] }),
        'ignoreDifferences[0].jsonPointers[0]',
        /such as \/spec\/replicas/,
      ],
      [
        'what an object is known by',
        ignored({ jsonPointers: ['/metadata/name'] }),
        'ignoreDifferences[0].jsonPointers[0]',
        /by which the object is known/,
      ],
      ['nothing to ignore', ignored({}), 'ignoreDifferences[0]', /must name jsonPointers or managers/],
      [
        'all that is applied',
        ignored({ managers: ['flotilla'] }),
        'ignoreDifferences[0].managers',
        /must not name flotilla/,
      ],
      [
        'a kind in lower case',
        { ignoreDifferences: [{ kind: 'deployment', managers: ['x'] }] },
        'ignoreDifferences[0].kind',
        /such as apps\/Deployment/,
      ],
      ['an account that is none', { serviceAccount: 'A b' }, 'serviceAccount', /lower-case/],
    ])('name the field and the mend of %s', (_what, spec, path, message) => {
      expect(refusal([application(spec)])).toEqual([
        { path: `documents[0].spec.${path}`, message: expect.stringMatching(message) },
      ]);
    });
  });

  it.each<[string, unknown, string, RegExp]>([
    [
      'an unknown field by its name',
      { ...source, spec: { ...source.spec, branch: 'x' } },
      'documents[0].spec.branch',
      /unknown field/,
    ],
    [
      'an unknown kind',
      { ...source, kind: 'Sauce' },
      'documents[0].kind',
      /must be one of Source, Strategy, Application/,
    ],
    ['a wrong apiVersion', { ...source, apiVersion: 'v1' }, 'documents[0].apiVersion', /must be flotilla.dev\/v1/],
    ['a name that is none', { ...source, metadata: { name: 'Shop_1' } }, 'documents[0].metadata.name', /lower-case/],
    [
      'an option for a ref',
      { ...source, spec: { ...source.spec, ref: '--upload-pack=x' } },
      'documents[0].spec.ref',
      /branch, a tag/,
    ],
    [
      'a negative duration',
      { ...source, spec: { ...source.spec, interval: '-5s' } },
      'documents[0].spec.interval',
      /not negative/,
    ],
    [
      'a percentage above 100',
      strategy([{ name: 'a', take: '120%' }]),
      'documents[0].spec.waves[0].take',
      /between 0% and 100%/,
    ],
    [
      'a concurrency of none',
      strategy([{ name: 'a', maxConcurrency: 0 }]),
      'documents[0].spec.waves[0].maxConcurrency',
      /at least 1/,
    ],
    [
      'two waves of one name',
      strategy([{ name: 'a' }, { name: 'a' }]),
      'documents[0].spec.waves[1].name',
      /names are unique/,
    ],
    [
      'a deadline that nobody could meet',
      strategy([{ name: 'a', progressDeadline: '10s', healthyFor: '30s' }]),
      'documents[0].spec.waves[0].progressDeadline',
      /longer than healthyFor/,
    ],
    ['a document that is none', 'text', 'documents[0].kind', /must be/],
  ])('are refused with %s', (_what, document, path, message) => {
    expect(refusal([document])).toContainEqual({ path, message: expect.stringMatching(message) });
  });

  it('are all named when several are bad, and the same object twice is refused', () => {
    expect(
      refusal([
        { ...source, kind: 'X' },
        { ...source, spec: {} },
      ]).map(({ path }) => path),
    ).toEqual(['documents[0].kind', 'documents[1].spec.url']);
    expect(refusal([source, source])[0]).toMatchObject({
      path: 'documents[1]',
      message: expect.stringContaining('documents[0] too'),
    });
  });
});
