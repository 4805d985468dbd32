import { describe, expect, it } from '@jest/globals';
import { jsonSchemaOf } from '#contract';
import { checkBySchema } from './check-by-schema.js';
import { inSchemaOrder, parsePath, pathText, schemaAt, type JsonSchema } from './json-schema.js';
import { lineOf, pathAt, readDraft } from './read-draft.js';

const schema = jsonSchemaOf('Strategy') as JsonSchema;

const head = ['apiVersion: flotilla.dev/v1', 'kind: Strategy', 'metadata: { name: careful }'].join('\n');

/** Each fault as `line path message`. */
function faults(text: string): string[] {
  const draft = readDraft(text);
  if (draft.state !== 'read') throw new Error(`is ${draft.state}`);
  return checkBySchema(draft.value, schema).map(
    ({ path, message }) => `${lineOf(path, draft.places, text)} ${pathText(path)} ${message}`,
  );
}

const withSpec = (spec: string): string => `${head}\nspec:\n${spec}`;

describe('a draft of a strategy', () => {
  it('is read with the place of each field', () => {
    const text = withSpec('  waves:\n    - name: first\n      take: 1\n    - { name: rest, soak: 5m }\n');
    const draft = readDraft(text);
    expect(draft).toMatchObject({ state: 'read', value: { spec: { waves: [{ take: 1 }, { soak: '5m' }] } } });
    if (draft.state !== 'read') return;
    expect(lineOf(['spec', 'waves', 0, 'take'], draft.places, text)).toBe(7);
    expect(lineOf(['spec', 'waves', 1, 'soak'], draft.places, text)).toBe(8);
    // What is not there stands where it would.
    expect(lineOf(['spec', 'waves', 1, 'take', 'deep'], draft.places, text)).toBe(8);
    expect(pathAt(text.indexOf('5m'), draft.places)).toEqual(['spec', 'waves', 1, 'soak']);
    expect(pathAt(text.indexOf('rest'), draft.places)).toEqual(['spec', 'waves', 1, 'name']);
  });

  it('may be JSON', () => {
    expect(
      faults(
        JSON.stringify(
          {
            apiVersion: 'flotilla.dev/v1',
            kind: 'Strategy',
            metadata: { name: 'a' },
            spec: { waves: [{ name: 'all' }] },
          },
          null,
          2,
        ),
      ),
    ).toEqual([]);
  });

  it.each([
    ['a: [1\nb: 2', /indentation/],
    ['a: 1\n\tb: 2', /spaces/],
    ['a: 1\n---\nb: 2', /one strategy at a time/],
    ['a: 1\na: 2', /duplicated/],
  ])('that is no YAML is told with its line: %j', (text, words) => {
    const draft = readDraft(text);
    expect(draft).toMatchObject({ state: 'broken', message: expect.stringMatching(words) });
    expect(draft.state === 'broken' && draft.line).toBeGreaterThan(0);
  });

  it('is empty where there is nothing but space', () => {
    expect(readDraft(' \n ')).toEqual({ state: 'empty' });
  });
});

describe('checking by the schema', () => {
  it('finds nothing wrong with what the documentation shows', () => {
    expect(
      faults(
        withSpec(`  onFailure: rollback
  waves:
    - name: canary
      selector: { matchLabels: { env: prod } }
      take: 2
      soak: 10m
      before:
        - name: board
          approval: { approvers: 2 }
        - webhook: { url: https://change.example.com/may-roll-out, interval: 30s }
      windows:
        - { cron: '0 22 * * *', duration: 6h, timeZone: { label: timezone } }
    - name: rest
      maxConcurrency: 25%
      before:
        - schedule: { notBefore: 2026-12-01T08:00:00Z }
`),
      ),
    ).toEqual([]);
  });

  it.each([
    ['  waves:\n    - name: a\n      sook: 5m\n', '7 spec.waves[0].sook unknown field: is soak meant?'],
    ['  waves:\n    - name: a\n      soak: 5\n', '7 spec.waves[0].soak must be a duration such as 30s, 5m or 1h30m'],
    ['  waves:\n    - name: a\n      soak: soon\n', '7 spec.waves[0].soak must be a duration such as 30s, 5m or 1h30m'],
    [
      '  waves:\n    - name: a\n      take: 200%\n',
      '7 spec.waves[0].take must be a whole number, or a percentage such as 25%',
    ],
    [
      '  waves:\n    - name: a\n      take: -1\n',
      '7 spec.waves[0].take must be a whole number, or a percentage such as 25%',
    ],
    ['  waves:\n    - name: A b\n', /^6 spec\.waves\[0\]\.name must be lower-case letters/],
    ['  waves:\n    - take: 1\n', '6 spec.waves[0].name must be set'],
    ['  waves: []\n', '5 spec.waves must have at least one entry'],
    ['  waves: all\n', '5 spec.waves must be a list: each entry begins with a dash'],
    ['  waves: [{ name: a }]\n  onFailure: stop\n', '6 spec.onFailure must be pause or rollback'],
    [
      '  waves: [{ name: a, before: [{ name: x }] }]\n',
      /exactly one of approval, schedule, webhook and metric, and has none of them$/,
    ],
    ['  waves: [{ name: a, before: [{ approval: { approvers: 0 } }] }]\n', /approvers must be at least 1$/],
    [
      '  waves: [{ name: a, selector: { matchLabels: { env: 1 } } }]\n',
      /matchLabels\.env must be text: put it in quotes, "1"$/,
    ],
    [
      '  waves: [{ name: a, windows: [{ cron: x, duration: 1h, timeZone: { lable: x } }] }]\n',
      /timeZone\.lable unknown field: is label meant\?$/,
    ],
    [
      '  waves: [{ name: a, windows: [{ cron: x, duration: 1h, timeZone: 5 }] }]\n',
      /timeZone must be IANA name, or the label/,
    ],
  ])('names line, field and mend: %j', (spec, expected) => {
    const found = faults(withSpec(spec));
    expect(found).toContainEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
  });

  it('names another kind, and a field that is missing at the top', () => {
    expect(faults('apiVersion: v1\nkind: Strategy\nspec: { waves: [{ name: a }] }')).toEqual([
      '1 metadata must be set',
      '1 apiVersion must be flotilla.dev/v1',
    ]);
  });
});

describe('the schema', () => {
  it('tells of the field at a path', () => {
    expect(schemaAt(schema, ['spec', 'waves', 3, 'soak'])).toMatchObject({
      name: 'Duration',
      schema: { description: expect.stringContaining('All must stay healthy') },
    });
    expect(schemaAt(schema, ['spec', 'waves', 0, 'windows', 0, 'timeZone', 'label'])?.schema.type).toBe('string');
    expect(schemaAt(schema, ['spec', 'nothing'])).toBeUndefined();
  });

  it('puts fields into its own order, and keeps those that it does not know', () => {
    const value = { spec: { waves: [{ soak: '5m', other: 1, before: [], name: 'a', take: 1 }] }, kind: 'Strategy' };
    expect(JSON.stringify(inSchemaOrder(value, schema, schema))).toBe(
      '{"kind":"Strategy","spec":{"waves":[{"name":"a","take":1,"soak":"5m","before":[],"other":1}]}}',
    );
  });

  it('reads back the paths that the hub writes', () => {
    expect(parsePath('documents[0].spec.waves[12].take')).toEqual(['documents', 0, 'spec', 'waves', 12, 'take']);
    expect(pathText(['spec', 'waves', 12, 'take'])).toBe('spec.waves[12].take');
  });
});
