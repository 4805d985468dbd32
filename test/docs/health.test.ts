import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';
import prettier from 'prettier';
import { applicationSchema, toHealthRules } from '#contract';
import { assessObject } from '#domain';
import { judgeByRules } from '#domain/health-rules';
import { KIND_RULES } from '../../libs/domain/src/health/kind-rules.js';
import { readFixtures } from '../../libs/domain/src/health/read-fixtures.suite.js';

const FILE = 'docs/health.md';
const MARK = '<!-- fixtures -->';

describe("the page of health's rules in the docs", () => {
  /** `UPDATE_DOCS=1 npm run jest -- test/docs` writes the tables anew. */
  it('has the table that the fixtures make', async () => {
    const [before = ''] = (await readFile(FILE, 'utf8')).split(MARK);
    const kinds = [...new Set(readFixtures().map(({ kind }) => kind))];
    const text = [before.trimEnd(), MARK, ...kinds.map(tableOf)].join('\n\n');
    const wanted = await prettier.format(text, { parser: 'markdown', printWidth: 120 });
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(FILE, wanted);
    expect(await readFile(FILE, 'utf8')).toBe(wanted);
  });

  it('names every kind that has rules of its own', async () => {
    const text = await readFile(FILE, 'utf8');
    expect(Object.keys(KIND_RULES).filter((kind) => !text.includes(`\`${kind}\``))).toEqual([]);
  });

  it('shows an application whose rule is taken and says what the fixtures say', async () => {
    const [, yaml = ''] = /^```yaml\n(.*?)^```$/ms.exec(await readFile(FILE, 'utf8')) ?? [];
    const { spec } = applicationSchema.parse(load(yaml));
    const rules = toHealthRules(spec.health);
    const broken = readFixtures().find(({ kind, name }) => kind === 'database' && name === 'failed-by-rule');
    expect(assessObject(broken?.object ?? null, { rules: judgeByRules(rules) })).toEqual({
      status: 'failed',
      reason: 'RuleFailed',
      message: '1 instances, phase Broken',
    });
  });
});

function tableOf(kind: string): string {
  const rows = readFixtures()
    .filter((fixture) => fixture.kind === kind)
    .map(({ name, expect: { shows, health, reason, argocd, kstatus, differs } }) => [
      `\`${name}\``,
      shows,
      `${health} (\`${reason}\`)`,
      argocd === '-' ? '–' : argocd,
      kstatus,
      differs ?? '',
    ]);
  const title = readFixtures().find((fixture) => fixture.kind === kind)?.object['kind'];
  const head = ['Fixture', 'What it shows', 'Flotilla', 'Argo CD', 'kstatus', 'Why we differ'];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `### ${typeof title === 'string' ? title : kind}\n\n${lines.join('\n')}`;
}
