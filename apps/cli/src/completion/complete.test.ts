import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { keepingContext } from '../../../../test/helpers/run-flotilla.js';
import { buildProgram } from '../program.js';
import { sortOfArgument } from './arguments.js';
import { complete, type NamesOf } from './complete.js';

const names: NamesOf = async (sort, word, kind) =>
  ({
    applications: ['pay', 'shop'],
    clusters: ['eu-1', 'eu-2', 'us-1'],
    credentials: ['github'],
    grants: ['platform'],
    rollouts: ['shop', 'shop-12'],
    sources: ['platform'],
    strategies: ['careful'],
    tokens: ['ci'],
    webhooks: ['push'],
    places: word.includes('/') ? ['eu-1/shop', 'eu-1/pay'] : ['eu-1/', 'eu-2/'],
    comparable: word.includes('/') ? ['eu-1/shop', 'eu-1/pay'] : ['pay', 'shop', 'eu-1/', 'eu-2/'],
    kinds: ['clusters', 'applications'],
    ofKind: kind === 'cluster' ? ['eu-1', 'eu-2'] : [],
    subjects: ['shop', 'cluster/'],
  })[sort];

async function offered(line: string): Promise<string[]> {
  const program = await buildProgram(keepingContext().context, null);
  const { candidates, files, open } = await complete(program, line.split(' '), names);
  return [...candidates.map(({ value }) => value), ...(files ? [':files'] : []), ...(open ? [':open'] : [])];
}

describe('the completion of a line', () => {
  it.each<[string, readonly string[]]>([
    ['des', ['describe']],
    ['rollout pro', ['promote']],
    ['get clu', ['clusters']],
    ['get cluster eu-', ['eu-1', 'eu-2']],
    ['get cluster eu-1 eu-', ['eu-2']],
    ['get cluster eu-1 --outp', ['--output']],
    ['get cluster -o j', ['json', 'jsonpath=']],
    ['get cluster -o jsonp', ['jsonpath=', ':open']],
    ['get cluster --output=ya', ['--output=yaml']],
    ['get events --cluster us', ['us-1']],
    ['get events --cluster=us', ['--cluster=us-1']],
    ['--hub https://hub.example:8443 pause sh', ['shop', 'shop-12']],
    ['rollout pause shop-', ['shop-12']],
    ['cluster label us', ['us-1']],
    ['cluster add eu', []],
    ['cluster label us-1 env', []],
    ['tree eu', ['eu-1/', 'eu-2/', ':open']],
    ['tree eu-1/s', ['eu-1/shop']],
    ['why cl', ['cluster/', ':open']],
    ['apply -f fl', [':files']],
    ['--ca ', [':files']],
    ['completion z', ['zsh']],
    ['gte clusters ', []],
    ['pause shop extra ', []],
  ])('offers for "flotilla %s" %j', async (line, expected) => {
    expect(await offered(line)).toEqual(expected);
  });

  it('tells what verbs and options are for', async () => {
    const program = await buildProgram(keepingContext().context, null);
    expect((await complete(program, ['wh'], names)).candidates).toContainEqual({
      value: 'why',
      what: 'Say in one sentence why something waits or how it ended',
    });
    expect((await complete(program, ['rollout', 'start', '--rel'], names)).candidates).toEqual([
      { value: '--release', what: expect.any(String) },
    ]);
  });

  it('knows what every argument of every verb names', async () => {
    const missing: string[] = [];
    const look = (command: Command, path: string): void => {
      for (const argument of command.registeredArguments) {
        if (argument.argChoices !== undefined || sortOfArgument(path, argument.name()) !== null) continue;
        missing.push(`${path}: ${argument.name()}`);
      }
      for (const child of command.commands) look(child, path === '' ? child.name() : `${path} ${child.name()}`);
    };
    look(await buildProgram(keepingContext().context, null), '');
    expect(missing).toEqual([]);
  });
});
