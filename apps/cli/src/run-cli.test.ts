import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { keepingContext, runFlotilla } from '../../../test/helpers/run-flotilla.js';
import { buildProgram } from './program.js';
import { VERBS } from './verbs.js';

describe('the command line', () => {
  it.each<[string[], RegExp]>([
    [['gte'], /Unknown command 'gte'\n\(Did you mean get\?\)\nSee: flotilla --help/],
    [
      ['get', 'clusters', '--ouput', 'json'],
      /Unknown option '--ouput'\n\(Did you mean --output\?\)\nSee: flotilla get --help/,
    ],
    [['get', 'clusers'], /"clusers" is no kind; did you mean clusters\?/],
    [['get', 'targets'], /No hub is known|Say whose/],
    [['get', 'rollouts', '-l', 'env=prod'], /--selector does not go with rollouts/],
    [['rollout', 'pase', 'web'], /Unknown command 'pase'\n\(Did you mean pause\?\)/],
    [['skip', 'web', '--cluster', 'a'], /Required option '--reason <text>' not specified/],
    [['apply'], /Required option '-f, --filename <file>' not specified/],
    [['delete'], /Say what to delete/],
    [['delete', 'event', '1'], /"event" can't be deleted/],
    [['delete', 'pause', 'web'], /"pause" is taken off by `flotilla rollout resume APPLICATION`/],
    [['describe', 'clusterr', 'x'], /"clusterr" can't be described; did you mean cluster\?/],
    [['lift', 'web'], /Say which release: flotilla lift web --release NUMBER/],
    [['rollout', 'start', 'web', '--release', 'x'], /It must be a whole number/],
    [['token', 'create', 'x', '--role', 'root'], /Allowed choices are viewer, approver, operator, admin/],
    [['token', 'create', 'x', '--role', 'viewer', '--clusters', ' '], /It is empty: leave it out to mean all clusters/],
    [['token', 'create', 'x', '--role', 'viewer', '--clusters', 'env=a=b'], /"env=a=b" in the selector has a key/],
    [['token', 'create', 'x', '--role', 'viewer', '--applications', ','], /It is empty: leave it out to mean all app/],
    [['grant', 'set', 'x', '--role', 'viewer'], /Say for whom: --user ADDRESS or --group GROUP/],
    [['grant', 'set', 'x', '--role', 'viewer', '--user', 'a', '--group', 'b'], /'--user <user>' cannot be used with/],
    [['why', 'pod/x'], /No hub is known|nothing to ask about/],
    [['get', 'clusters', '-o', 'xml'], /'xml' is invalid\. Allowed choices are table, .*jsonpath=TEMPLATE/],
    [['get', 'clusters', '-o', 'jsonpath={.items'], /The jsonpath can't be used: a \{ has no \} after it/],
    [['cluster', 'add', 'a', '--label', 'env'], /"env" is no label/],
  ])('refuses %j with a sentence and exit code 1', async (words, message) => {
    const { error, code, out } = await runFlotilla(words);
    expect(error).toMatch(message);
    expect(error).not.toMatch(/\n {4}at /);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  it('ends diff with 2 on an error, because 1 says that something differs', async () => {
    const ran = await runFlotilla(['diff', '-f', '/nowhere.yaml'], {
      env: { FLOTILLA_HUB: 'http://127.0.0.1:9', FLOTILLA_TOKEN: 'ft_x' },
    });
    expect(ran).toEqual({ out: '', error: '-f: /nowhere.yaml does not exist.\n', code: 2 });
  });

  it('gives version, help and schemas without any hub', async () => {
    expect(await runFlotilla(['--version'])).toMatchObject({
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      code: 0,
    });
    expect(await runFlotilla(['--help'])).toMatchObject({ out: expect.stringContaining('Rollouts:'), code: 0 });
    expect(await runFlotilla(['help', 'get'])).toMatchObject({ out: expect.stringContaining('Examples:'), code: 0 });
    const schema = await runFlotilla(['schema', 'strategy']);
    expect(JSON.parse(schema.out)).toMatchObject({
      $defs: { Strategy: { properties: { kind: { const: 'Strategy' } } } },
    });
  });

  it('asks before a cluster is taken out, and refuses where nobody can be asked', async () => {
    const env = { FLOTILLA_HUB: 'http://127.0.0.1:9', FLOTILLA_TOKEN: 'ft_x' };
    const unasked = await runFlotilla(['delete', 'cluster', 'a'], { env });
    expect(unasked).toMatchObject({ code: 1, error: expect.stringContaining('Give --yes') });
    const denied = await runFlotilla(['delete', 'cluster', 'a'], { env, ask: async () => 'n' });
    expect(denied).toMatchObject({ code: 1, error: 'Nothing was changed.\n' });
  });

  it('has a file for each verb, and each verb and its children have examples', async () => {
    const { context, ran } = keepingContext();
    const program = await buildProgram(context, null);
    const files = readdirSync(path.join(import.meta.dirname, 'commands')).map((file) => file.replace(/\.ts$/, ''));
    for (const { name } of VERBS) expect(files).toContain(name);
    const leaves = (command: Command): Command[] => [command, ...command.commands.flatMap(leaves)];
    for (const command of program.commands.flatMap(leaves)) {
      if (command.name() === 'help') continue;
      const before = ran().out.length;
      command.outputHelp();
      const help = ran().out.slice(before);
      expect(help).toMatch(new RegExp(`Examples:\n[^]*flotilla [^]*${command.name()}`));
    }
  });

  it('is known by name, summary and group before its code is loaded', async () => {
    const { context } = keepingContext();
    const [lazy, loaded] = await Promise.all([buildProgram(context, []), buildProgram(context, null)]);
    const face = (program: Command): string[] => program.commands.map((each) => `${each.name()}: ${each.summary()}`);
    expect(face(lazy)).toEqual(face(loaded));
  });
});

describe('the way to --version', () => {
  it('loads nothing but commander: every verb and library comes when it is used', () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const walk = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = readFileSync(file, 'utf8');
      for (const [, what = '', from = ''] of text.matchAll(/^import\s+([^;]*?)from '([^']+)';/gm)) {
        if (what.startsWith('type ')) continue;
        if (from.startsWith('.')) walk(path.resolve(path.dirname(file), from.replace(/\.js$/, '.ts')));
        else if (!from.startsWith('node:')) packages.add(from);
      }
    };
    walk(path.join(import.meta.dirname, 'main.ts'));
    expect([...packages]).toEqual(['commander']);
    expect(seen.size).toBeLessThan(10);
  });

  it('takes no option of a verb for one that every verb has', async () => {
    const program = await buildProgram(keepingContext().context, null);
    const common = new Set(program.options.map(({ long }) => long));
    const taken: string[] = [];
    const look = (command: Command, path: string): void => {
      for (const { long } of command.options) if (common.has(long)) taken.push(`${path} ${long}`);
      for (const child of command.commands) look(child, `${path} ${child.name()}`.trim());
    };
    for (const command of program.commands) look(command, command.name());
    // A kubeconfig's context: it reads the common one, and calls no hub.
    expect(taken).toEqual(['agent uninstall --context']);
    const folder = mkdtempSync(path.join(tmpdir(), 'flotilla-cli-'));
    const file = path.join(folder, 'kubeconfig');
    const at = { cluster: 'c', user: 'u' };
    writeFileSync(
      file,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:9' } }],
        users: [{ name: 'u', user: { token: 't' } }],
        contexts: [{ name: 'test', context: at }],
        'current-context': 'test',
      }),
    );
    try {
      const ran = await runFlotilla(['agent', 'uninstall', '--kubeconfig', file, '--context', 'nowhere', '--yes']);
      expect(ran.error).toContain('there is no context "nowhere"; there are test');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
