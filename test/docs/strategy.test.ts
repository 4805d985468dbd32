import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { jsonSchemaOf, strategySchema, toStrategySpec } from '#contract';
import { DEFAULT_STRATEGY, type StrategySpec } from '#domain';

describe("the strategies' page of the docs", () => {
  let text = '';
  const strategies = new Map<string, StrategySpec>();

  beforeAll(async () => {
    text = await readFile('docs/strategy.md', 'utf8');
    for (const [, yaml = ''] of text.matchAll(/^```yaml\n(.*?)^```$/gms)) {
      for (const document of loadAll(yaml)) {
        const { metadata, spec } = strategySchema.parse(document);
        strategies.set(metadata.name, toStrategySpec(spec));
      }
    }
  });

  it('shows only documents that the hub takes', () => {
    expect([...strategies.keys()]).toEqual(['careful', 'every-default', 'default']);
    const [canary, few, rest] = strategies.get('careful')?.waves ?? [];
    expect(canary?.after?.[0]).toMatchObject({ type: 'metric', name: 'metric', count: 5, failureLimit: 1 });
    expect(few?.before?.map(({ name }) => name)).toEqual(['board', 'webhook']);
    expect(rest?.before?.[0]).toMatchObject({ type: 'schedule', notBefore: Date.UTC(2026, 11, 1, 8) });
    expect(rest?.windows?.[0]).toMatchObject({ durationMs: 6 * 3_600_000, timeZone: { label: 'timezone' } });
  });

  it('spells out the defaults as they are', () => {
    const window = { cron: '0 22 * * *', duration: '6h' };
    const wave = {
      name: 'all',
      before: [{ approval: {} }, { schedule: { windows: [{ cron: '0 8 * * 1-5', duration: '9h' }] } }],
      after: [
        { webhook: { url: 'https://ci.example.com/may-roll-out' } },
        { metric: { url: 'https://prometheus.example.com', query: 'up', successCondition: 'value > 0' } },
      ],
      windows: [window],
    };
    const bare = { apiVersion: 'flotilla.dev/v1', kind: 'Strategy', metadata: { name: 'x' }, spec: { waves: [wave] } };
    expect(strategies.get('every-default')).toEqual(toStrategySpec(strategySchema.parse(bare).spec));
  });

  it('shows the strategy that is shipped', () => {
    expect(strategies.get('default')).toEqual(DEFAULT_STRATEGY);
  });

  it('names every field of the schema', () => {
    const fields = new Set<string>();
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      const { properties } = value as { properties?: object };
      for (const field of Object.keys(properties ?? {})) fields.add(field);
      for (const each of Object.values(value)) collect(each);
    };
    const schema = jsonSchemaOf('Strategy') as { properties: { spec: unknown }; $defs?: Record<string, unknown> };
    const { Strategy, ...definitions } = schema.$defs ?? {};
    collect((Strategy as typeof schema | undefined)?.properties.spec ?? schema.properties?.spec);
    collect(definitions);
    expect(fields.size).toBeGreaterThan(25);
    const missing = [...fields].filter((field) => !new RegExp(`\\b${field}\\b`).test(text));
    expect(missing).toEqual([]);
  });
});
