import { describe, expect, it } from '@jest/globals';
import { RejectedError } from '#kit';
import { checkDocuments } from './apply-documents.js';

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

  it.each<[string, unknown, string, RegExp]>([
    [
      'an unknown field by its name',
      { ...source, spec: { ...source.spec, branch: 'x' } },
      'documents[0].spec.branch',
      /unknown field/,
    ],
    ['an unknown kind', { ...source, kind: 'Sauce' }, 'documents[0].kind', /must be Source, Application/],
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
