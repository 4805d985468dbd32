import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { applicationSchema, applicationSpecSchema, jsonSchemaOf } from '#contract';

describe("the applications' page of the docs", () => {
  let text = '';

  beforeAll(async () => {
    text = await readFile('docs/applications.md', 'utf8');
  });

  it('shows only documents that the hub takes', () => {
    const documents = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].flatMap(([, yaml = '']) => loadAll(yaml));
    const [shop, ...others] = documents.map((document) => applicationSchema.parse(document));
    expect(others).toEqual([]);
    expect(shop?.spec.ignoreDifferences).toHaveLength(3);
    expect(shop?.spec).toMatchObject({ serviceAccount: 'shop-deployer', health: [{ kind: 'example.org/Database' }] });
  });

  it('tells every field of the schema, with its default', () => {
    const rows = new Map(
      [...(text.split(/^## /m)[2] ?? '').matchAll(/^\| `([^|]+?)` +\| ([^|]*?) +\|/gm)].map(
        ([, field = '', shown = '']) => [field, shown],
      ),
    );
    const { source, path, ...defaults } = applicationSpecSchema.parse({ source: 's', path: '.' });
    expect([source, path]).toEqual(['s', '.']);
    expect([rows.get('source'), rows.get('path')]).toEqual(['required', 'required']);
    for (const [field, value] of Object.entries(defaults)) {
      if (typeof value === 'string') expect([field, rows.get(field)]).toEqual([field, `\`${value}\``]);
      if (Array.isArray(value)) expect([field, rows.get(field)]).toEqual([field, 'none']);
    }
    const missing = Object.keys(applicationSpecSchema.shape).filter((field) => !text.includes(`\`${field}`));
    expect(missing).toEqual([]);
  });

  it('has an editor know what the page tells: the JSON schema names the same fields', () => {
    const schema = JSON.stringify(jsonSchemaOf('Application'));
    for (const field of ['ignoreDifferences', 'jsonPointers', 'managers', 'health', 'suspended', 'serviceAccount']) {
      expect(schema).toContain(`"${field}":`);
    }
    expect(schema).toContain('"maxLength":500');
    const all = JSON.stringify(jsonSchemaOf(null));
    expect(all).toContain('HealthRules');
    expect(all).toContain('IgnoreDifferences');
  });
});
