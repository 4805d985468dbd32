import { describe, expect, it } from '@jest/globals';
import { dump } from 'js-yaml';
import { readIndex } from './read-index.js';

const read = (text: string, chart = 'web') => readIndex(Buffer.from(text), chart);
const digest = 'a'.repeat(64);
const versions = async (text: string, chart = 'web'): Promise<unknown> =>
  (await read(text, chart))?.map(({ version }) => version) ?? null;

/** As `helm repo index` writes it. */
const index = `apiVersion: v1
entries:
  api:
  - apiVersion: v2
    version: 9.0.0
  web:
  - apiVersion: v2
    created: "2026-01-02T03:04:05.678901234+02:00"
    description: |-
      Serves pages.
      - not a version
        version: 6.6.6
    digest: ${digest}
    name: web
    urls:
    - https://charts.example.com/web-1.10.tgz
    version: 1.10
  - apiVersion: v2
    urls: [web-1.2.3.tgz]
    version: "1.2.3"
  web-extra:
  - version: 7.0.0
generated: "2026-01-02T03:04:05Z"
`;

describe('the index of a chart repository', () => {
  it('tells of each version of one chart what it says, as text', async () => {
    expect(await read(index)).toEqual([
      {
        version: '1.10',
        digest,
        created: '2026-01-02T03:04:05.678901234+02:00',
        description: 'Serves pages.\n- not a version\n  version: 6.6.6',
        urls: ['https://charts.example.com/web-1.10.tgz'],
      },
      { version: '1.2.3', urls: ['web-1.2.3.tgz'] },
    ]);
    expect(await versions(index, 'web-extra')).toEqual(['7.0.0']);
    expect(await versions(index, 'we')).toBeNull();
  });

  const entries = { api: [{ version: '9.0.0' }], web: [{ version: '1.0.0', urls: ['a'] }, { version: '2.0.0' }] };
  it.each([
    ['JSON', JSON.stringify({ entries })],
    ['YAML whose lists are indented', dump({ apiVersion: 'v1', entries })],
    ['YAML whose lists are not', dump({ apiVersion: 'v1', entries }, { seqNoIndent: true })],
    ['YAML in flow', dump({ apiVersion: 'v1', entries }, { flowLevel: 1 })],
    ['one chart in flow', `entries:\n  web: [{version: 1.0.0}, {version: 2.0.0}]\n`],
    [
      'a document with marks and comments',
      `---\n# ours\nentries: # all\n\n  # this\n  "web":\n  - version: 1.0.0\n  - version: 2.0.0\n...\n`,
    ],
    ['lines that end as on Windows', `entries:\r\n  web:\r\n  - version: 1.0.0\r\n  - version: 2.0.0\r\n`],
    [
      'four spaces',
      `entries:\n    web:\n        -   version: 1.0.0\n            name: web\n        -   version: 2.0.0\n`,
    ],
    ['a dash alone', `entries:\n  web:\n  -\n    version: 1.0.0\n  -\n    version: 2.0.0\n`],
  ])('is read as %s', async (_name, text) => {
    expect(await versions(text)).toEqual(['1.0.0', '2.0.0']);
  });

  it('passes over what has no version, and takes no digest that is none', async () => {
    const text = `entries:\n  web:\n  - name: web\n  - version: 1.0.0\n    digest: "sha256:${digest.toUpperCase()}"\n  - version: 2.0.0\n    digest: x\n`;
    expect(await read(text)).toEqual([
      { version: '1.0.0', digest, urls: [] },
      { version: '2.0.0', urls: [] },
    ]);
  });

  it('with no version of the chart has it all the same', async () => {
    expect(await read('entries:\n  web: []\n')).toEqual([]);
    expect(await read('entries:\n  web:\n')).toEqual([]);
    expect(await read('entries: {}\n')).toBeNull();
  });

  it.each([
    ['no index', '<html>Not found</html>', /no entries/],
    ['broken JSON', '{"entries": ', /no YAML/],
    ['broken YAML in the chart', 'entries:\n  web:\n  - version: "1.0.0\n  - version: 2\n', /no YAML/],
    ['a list of entries', '{"entries": 1}', /no entries/],
    [
      'a version beyond all bounds',
      `entries:\n  web:\n  - version: 1.0.0\n    x: ${'y'.repeat(1024 * 1024)}\n`,
      /a megabyte/,
    ],
    ['an index in flow beyond all bounds', `entries: {web: [${'"x",'.repeat(1_200_000)}]}`, /neither JSON nor YAML/],
  ])('that is %s is refused', async (_name, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  it('of fifty megabytes leaves the hub time for its other work', async () => {
    const item = `  - apiVersion: v2\n    version: 1.0.0\n    description: ${'long '.repeat(40)}\n    home: https://example.com\n`;
    const other = Array.from({ length: 1600 }, (_, each) => `  chart-${each}:\n${item.repeat(100)}`).join('');
    const whole = `entries:\n${other}  web:\n${'  - version: 1.0.0\n    name: web\n'.repeat(5000)}`;
    let turns = 0;
    let done = false;
    const count = (): void => {
      turns += 1;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    expect(await versions(whole)).toHaveLength(5000);
    done = true;
    expect(whole.length).toBeGreaterThan(40_000_000);
    expect(turns).toBeGreaterThan(5);
  });
});
