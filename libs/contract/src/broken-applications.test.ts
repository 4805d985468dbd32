import { describe, expect, it } from '@jest/globals';
import { applicationSpecSchema } from './resources.js';
import { sourceSpecSchema } from './sources.js';

const told = (
  schema: typeof applicationSpecSchema | typeof sourceSpecSchema,
  spec: Readonly<Record<string, unknown>>,
): readonly string[] => {
  const parsed = schema.safeParse(spec);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};
const application = (more: Readonly<Record<string, unknown>>): readonly string[] =>
  told(applicationSpecSchema, { source: 'web', path: 'app', strategy: 'all', namespace: 'shop', ...more });
const source = (more: Readonly<Record<string, unknown>>): readonly string[] =>
  told(sourceSpecSchema, { url: 'https://git.example.com/shop.git', ...more });

describe('what an application and a source say of where things come from', () => {
  it('is taken as it should be written', () => {
    expect(application({ environments: [{ name: 'dev' }, { name: 'prod', source: 'web-prod' }] })).toEqual([]);
    expect(source({ semver: '>=1.2 <2' })).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['environments that are none', { environments: 'dev, prod' }, /^environments: must be a list of environments/],
    ['an environment without a name', { environments: [{ selector: {} }] }, /^environments\.0\.name: /],
    [
      'the same environment twice',
      { environments: [{ name: 'dev' }, { name: 'prod' }, { name: 'dev' }] },
      /^environments\.2\.name: "dev" is there already/,
    ],
    [
      'more environments than anybody follows',
      { environments: Array.from({ length: 21 }, (_, at) => ({ name: `e${at}` })) },
      /^environments: must have at most 20 environments/,
    ],
    [
      'an environment on a ref, which a Source has',
      { environments: [{ name: 'dev', ref: 'main' }] },
      /^environments\.0: .*ref/,
    ],
    ['a version of Kubernetes with its patch', { helm: { kubeVersion: '1.33.2' } }, /^helm\.kubeVersion: .*"1\.33"/],
    ['a version that YAML makes a number of', { helm: { kubeVersion: 1.3 } }, /^helm\.kubeVersion: /],
    ['a release with a name that no object may have', { helm: { releaseName: 'My_App' } }, /^helm\.releaseName: /],
    ['random values that are to be guessed', { helm: { random: 'allow' } }, /^helm\.random: must be refuse or keep/],
    ['a file of values without a path', { helm: { valuesFiles: [{ source: 'config' }] } }, /^helm\.valuesFiles\.0/],
    ['a patch of nothing', { patches: [{ patch: '' }] }, /^patches\.0\.patch: must be a patch/],
    ['a patch for an unknown field of its target', { patches: [{ target: { knd: 'a' }, patch: 'x' }] }, /knd/],
    ['a validation that is none', { validation: { schema: 'maybe' } }, /^validation\.schema: must be refuse, warn/],
    ['a key for encrypted files by a path', { decryption: { secret: '../keys' } }, /^decryption\.secret: /],
  ])('is refused by its field: %s', (_what, more, words) => {
    expect(application(more).join('\n')).toMatch(words);
  });

  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['a range where a ref belongs', { ref: '>=1.2 <2' }, /^ref: must be a branch, a tag or a commit id/],
    ['signatures of nobody', { verify: { keys: [] } }, /^verify\.keys: .*signed by nobody is ever taken/],
    ['a key without its owner', { verify: { keys: [{ key: 'ssh-ed25519 AAAA' }] } }, /^verify\.keys\.0\.name: /],
    ['rewrites that are to be guessed', { rewrites: true }, /^rewrites: must be refuse or follow/],
    ['a chart of a repository of Git', { chart: 'web' }, /chart/],
  ])('is refused of a source: %s', (_what, more, words) => {
    expect(source(more).join('\n')).toMatch(words);
  });
});
