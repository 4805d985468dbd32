import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import prettier from 'prettier';
import { ABLATIONS } from '../../libs/domain/src/rollout/testing/ablations.suite.js';
import { INVARIANTS, OFTEN, SELDOM } from '../../libs/domain/src/rollout/testing/invariants.suite.js';
import { ENDS } from '../../libs/domain/src/rollout/testing/transition-table.js';

const FILE = 'docs/engine-proof.md';
const ENGINE = 'libs/domain/src/rollout';
const RULES = Array.from({ length: 20 }, (_, index) => index + 1);

/** `UPDATE_DOCS=1 npm run jest -- test/docs` writes the file anew. */
it('the proof of the engine in the docs is the one that the tests make', async () => {
  const rules = await rulesNamed();
  expect(RULES.filter((number) => !rules.some((rule) => rule.number === number))).toEqual([]);
  const text = [
    '# How the rollout engine is proved',
    `The engine is one pure function, \`step\` in \`${ENGINE}\`. This page is made from its tests by \`UPDATE_DOCS=1 npm run jest -- test/docs\`, so it says what they do and no more.`,
    '## Schedules',
    'A schedule is a story that fast-check makes up: a fleet of 1 to 40 simulated clusters, what each release does to each of them (it works, fails, is slow, flaps, cycles, fails late, drains, cuts the link, kills the cluster), a strategy with budgets, gates, windows and rings, what webhooks and metrics answer, and some phrases of what people, Git, the network and the hub do: release and roll back, cut links around it, pause softly or hard, freeze, hold clusters, change labels and plan anew, approve who may not, vanish in the middle of a transaction’s effects, replay what was queued.',
    'Each schedule is played on a shell that loads exactly what `need` asks for. Then nobody does anything for hours, and each rollout must end or say what it waits for; then all heals, a person takes the exits that `why` names, and a last release must succeed everywhere. In the end the log of steps is replayed and must give the same bytes.',
    'What is right is judged by the simulated clusters’ own truth, by what went over the wire and by plain arithmetic of time, not by the engine’s state. These must hold:',
    INVARIANTS.map((sentence, index) => `${index + 1}. ${sentence}`).join('\n'),
    'Besides, after each commit the counters of the header are held against the rows, no tick may be a busy loop, what is repeated from the past may change nothing, and no transition may happen that is not in the table of states.',
    table(
      ['Command', 'What it plays'],
      [
        [
          '`npm test`',
          '10,000 schedules in four shards (`invariants-1` to `-4`), of another seed each time, which stands in the title',
        ],
        [
          '`FLOTILLA_SEED=S npm run jest -- invariants-2`',
          'that shard’s schedules of seed S once more; `FLOTILLA_SCHEDULES=N` sets how many all shards have together',
        ],
        [
          '`npm run test:deep -- --schedules N --seed S`',
          '100,000 unless told otherwise, on all cores; its last line is `{"schedules":N,"violations":0,"seed":S}`. A violation is made as small as it gets, printed with its seed, and ends it with 1; the seed it prints is that of 500 schedules, so `--schedules 500 --seed S` finds it again',
        ],
      ],
    ),
    '## Counters',
    'Green schedules that never meet the danger prove nothing, so each shard counts what its schedules met and fails when it met too little: the first list about once in a hundred schedules, the second at least once in a shard.',
    `Often: ${list(OFTEN)}.`,
    `Seldom: ${list(SELDOM)}.`,
    '## Rules switched off',
    `Each rule whose naive form can be thought of is a switch in \`rules.ts\` (and two are the shell’s). \`${ENGINE}/ablation.test.ts\` switches one off at a time, plays at most 600 schedules, and requires that they fail with this sentence; \`…\` stands for names and numbers. With all of them on the very same schedules pass.`,
    table(
      ['Rule', 'Off, as one would write it first', 'What the schedules say then'],
      ABLATIONS.map(({ without, naive, finds }) => [`\`${without}\``, naive, finds]),
    ),
    '## Rules and their tests',
    'Every rule of the model has a test named after it.',
    table(
      ['Rule', 'It says', 'In'],
      rules.map(({ number, sentence, file }) => [String(number), sentence, `\`${file}\``]),
    ),
    '## States',
    `\`${ENGINE}/reachability.test.ts\` watches schedules and a few scripted stories, and requires that every transition of the table in \`testing/transition-table.ts\` happens, and no other; that each state of a target (with its reason), a wave, a rollout, a stored hold and a gate is entered; and that each is left, except these ends:`,
    table(
      ['Of a', 'State', 'Why it is an end'],
      Object.entries(ENDS).flatMap(([machine, ends]) =>
        Object.entries(ends).map(([state, why]) => [machine, `\`${state}\``, why]),
      ),
    ),
  ];
  const wanted = await prettier.format(text.join('\n\n'), { parser: 'markdown', printWidth: 120 });
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(FILE, wanted);
  expect(await readFile(FILE, 'utf8')).toBe(wanted);
});

interface NamedRule {
  readonly number: number;
  readonly sentence: string;
  readonly file: string;
}

/** The rules that test files of the engine name in `describe('rule N: …')`. */
async function rulesNamed(): Promise<NamedRule[]> {
  const files = await readdir(ENGINE, { recursive: true });
  const rules: NamedRule[] = [];
  for (const file of files.filter((each) => each.endsWith('.test.ts')).sort()) {
    const source = await readFile(path.join(ENGINE, file), 'utf8');
    for (const [, number = '', sentence = ''] of source.matchAll(/describe\(\s*'rule (\d+): (.+?)'/g))
      rules.push({ number: Number(number), sentence, file });
  }
  return rules.sort((a, b) => a.number - b.number);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function list(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}
