import { describe, expect, it } from '@jest/globals';
import { jsonSchemaOf } from '#contract';
import type { JsonSchema } from './json-schema.js';
import { outlineOf, sharesOf } from './outline.js';
import { schemaFields } from './schema-fields.js';

describe('the outline of a strategy', () => {
  it('tells of each wave what it takes and what holds it back', () => {
    const waves = [
      {
        name: 'canary',
        selector: { matchLabels: { env: 'prod' } },
        take: 2,
        soak: '10m',
        before: [{ approval: { approvers: 2 } }],
      },
      { name: 'rest', windows: [{}, {}], after: [{ metric: {} }, { webhook: {} }] },
    ];
    expect(outlineOf({ spec: { waves } })).toEqual([
      { name: 'canary', take: '2', before: ['approval by 2'], after: [], notes: ['env=prod', 'soaks 10m'] },
      { name: 'rest', take: 'all that are left', before: [], after: ['metric', 'webhook'], notes: ['in 2 windows'] },
    ]);
  });

  it('draws what it can of what is wrong', () => {
    expect(outlineOf(null)).toEqual([]);
    expect(outlineOf({ spec: { waves: 'all' } })).toEqual([]);
    expect(
      outlineOf({
        spec: {
          waves: [
            null,
            {
              name: 3,
              before: 'x',
              selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] },
            },
          ],
        },
      }),
    ).toEqual([
      { name: 'wave 1', take: 'all that are left', before: [], after: [], notes: [] },
      { name: '3', take: 'all of these', before: [], after: [], notes: ['a In b, c'] },
    ]);
  });

  it('gives each wave its share, of the plan where there is one', () => {
    expect(sharesOf(2, [1, 3])).toEqual([
      [0, 25],
      [25, 75],
    ]);
    expect(sharesOf(2, [1])).toEqual([
      [0, 50],
      [50, 50],
    ]);
    expect(sharesOf(1, [0])).toEqual([[0, 0]]);
    expect(sharesOf(0, null)).toEqual([]);
  });
});

describe('the fields of a schema', () => {
  const root = jsonSchemaOf('Strategy') as JsonSchema;

  it('are told with what is written there', () => {
    const fields = schemaFields(root, root);
    const of = (path: string) => fields.find((field) => field.path === path);
    expect(of('spec.waves')).toMatchObject({ kind: 'list', isRequired: true });
    expect(of('spec.waves[].take')).toMatchObject({
      kind: 'count, 3 or 25%',
      isRequired: false,
      description: expect.stringMatching(/How many/),
    });
    expect(of('spec.onFailure')?.kind).toBe('pause or rollback');
    expect(of('spec.waves[].before[].metric.query')?.isRequired).toBe(true);
  });
});
