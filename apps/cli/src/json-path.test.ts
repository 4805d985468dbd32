import { describe, expect, it } from '@jest/globals';
import { JsonPath } from './json-path.js';

const fleet = {
  items: [
    {
      name: 'eu-1',
      metadata: { labels: { 'app.kubernetes.io/name': 'web', env: 'dev' } },
      state: 'ready',
      waves: [1, 2, 3],
    },
    { name: 'eu-2', metadata: { labels: { env: 'prod' } }, state: 'failed', waves: [] },
  ],
  total: 2,
  why: null,
};

async function printed(template: string): Promise<string> {
  const path = JsonPath.parse(template);
  await path.load();
  return path.print(fleet);
}

describe('a jsonpath', () => {
  it.each<[string, string]>([
    ['{.items[*].name}', 'eu-1 eu-2'],
    ['{.items[0].name}', 'eu-1'],
    ['{$.items[1].name}', 'eu-2'],
    ['{.items[-1].name}', 'eu-2'],
    ['{.items[-2].name}', 'eu-1'],
    ['{.items[0:1].name}', 'eu-1'],
    ['{range .items[*]}{.name}={.state}{"\\n"}{end}', 'eu-1=ready\neu-2=failed\n'],
    ['{range .items[*]}{@.name}{"\\t"}{end}', 'eu-1\teu-2\t'],
    ['{range .items[*]}{.name}:{range .waves[*]}{@},{end};{end}', 'eu-1:1,2,3,;eu-2:;'],
    ['{.items[?(@.state=="failed")].name}', 'eu-2'],
    ['{.items[0].metadata.labels}', '{"app.kubernetes.io/name":"web","env":"dev"}'],
    ['{.items[0].metadata.labels.app\\.kubernetes\\.io/name}', 'web'],
    ["{.items[0].metadata.labels['app.kubernetes.io/name']}", 'web'],
    ['{..env}', 'dev prod'],
    ['{.total} of {.items[*].none}', '2 of '],
    ['{.nothing.at.all}', ''],
    ['{"a } in quotes"}{.total}', 'a } in quotes2'],
    ["{.items[?(@.name=='}')].name}", ''],
    ['{@.total}', '2'],
  ])('%s prints %j', async (template, expected) => {
    expect(await printed(template)).toBe(expected);
  });

  it.each([
    ['{.items', 'a { has no } after it'],
    ['.items', 'put paths into braces'],
    ['{items}', '{items} must begin with a dot'],
    ['{range .items[*]}{.name}', '{range …} has no {end} after it'],
    ['{.name}{end}', '{end} has no {range …} before it'],
    [`{.${'a'.repeat(5000)}}`, 'longer than 4096'],
  ])('%j is refused', (template, why) => {
    expect(() => JsonPath.parse(template)).toThrow(why);
  });

  it('runs no code of its template', async () => {
    for (const template of [
      '{.items[?(process.exit(9))].name}',
      '{.items[?(@.constructor.constructor("return process")().exit(9))].name}',
      '{.items[(process.exit(9))]}',
    ]) {
      const outcome = await printed(template).catch((error: unknown) => String(error));
      expect(outcome).toMatch(/^$|is no path/);
    }
  });
});
