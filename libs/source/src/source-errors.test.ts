import { describe, expect, it } from '@jest/globals';
import { GitStopped } from './run-git.js';
import { refNotFound, unreachable } from './source-errors.js';

const url = 'https://git.example.org/shop.git';

describe('what git says', () => {
  it('loses passwords and the mirror’s own path', () => {
    const said =
      "warning: x\nfatal: unable to access 'https://bot:hunter2@git.example.org/shop.git/': 403\nerror: in /data/mirrors/ab.git/objects\n";
    const error = unreachable(url, '/data/mirrors/ab.git', new Error(said));
    expect(error).toMatchObject({ kind: 'retryable', code: 'source-unreachable' });
    expect(error.message).toMatch(/^https:\/\/git\.example\.org\/shop\.git could not be read: fatal: unable to access/);
    expect(error.message).not.toMatch(/hunter2|\/data|warning/);
  });

  it('stays short, however much the server says', () => {
    const error = unreachable(url, '/m', new Error(`remote: ${'x'.repeat(100_000)}`));
    expect(error.message.length).toBeLessThan(700);
  });

  it.each([
    ['too-large', 'repository-too-large'],
    ['timed-out', 'source-unreachable'],
    ['too-much-output', 'source-unreachable'],
    ['closed', 'source-unreachable'],
  ] as const)('is put in our words where we stopped it: %s', (why, code) => {
    expect(unreachable(url, '/m', new GitStopped(why))).toMatchObject({ code });
  });

  it('names git where there is none', () => {
    expect(unreachable(url, '/m', new Error('spawn git ENOENT'))).toMatchObject({ code: 'program-missing' });
  });
});

describe('a ref that is not there', () => {
  it('comes with the nearest name, or with some that are there', () => {
    expect(refNotFound(url, 'realease', ['main', 'release']).message).toContain('Did you mean "release"?');
    const many = ['main', 'dev', 'v1', 'v2', 'v3', 'v4'];
    expect(refNotFound(url, 'something', many).message).toContain('It has main, dev, v1, v2, v3 and others.');
    expect(refNotFound(url, 'main', []).message).toContain('no branch and no tag yet');
  });
});
