import { describe, expect, it } from '@jest/globals';
import type { Kube, KubeRequest, KubeResponse } from '#ports';
import { eachListed } from './each-listed.js';

const page = (names: readonly string[], next = ''): KubeResponse => ({
  status: 200,
  body: { metadata: { continue: next }, items: names.map((name) => ({ metadata: { name } })) },
});
const gone: KubeResponse = { status: 410, body: { message: 'too old' } };

async function list(answers: KubeResponse[]) {
  const requests: KubeRequest[] = [];
  const kube = {
    request: (request: KubeRequest) => {
      requests.push(request);
      return Promise.resolve(answers.shift() ?? gone);
    },
  } as unknown as Kube;
  const seen: string[] = [];
  const listed = eachListed(kube, '/pods', { fieldSelector: 'a=b' }, (object) => {
    seen.push((object['metadata'] as { name: string }).name);
  });
  return { requests, seen, error: await listed.then(() => null, String) };
}

describe('a list that is visited', () => {
  it('comes page by page', async () => {
    const { requests, seen } = await list([page(['a', 'b'], 'more'), page(['c'])]);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(requests.map(({ query }) => query)).toEqual([
      { fieldSelector: 'a=b', limit: '250' },
      { fieldSelector: 'a=b', limit: '250', continue: 'more' },
    ]);
  });

  it('begins anew once where its pages went out of date', async () => {
    const { seen, error } = await list([page(['a'], 'more'), gone, page(['a', 'b'])]);
    expect(seen).toEqual(['a', 'a', 'b']);
    expect(error).toBeNull();
  });

  it('is given up where they do so again, and where the API server refuses it', async () => {
    expect((await list([page(['a'], 'more'), gone, page(['a'], 'more'), gone])).error).toContain('too old');
    expect((await list([{ status: 403, body: { message: 'pods is forbidden' } }])).error).toContain(
      'pods is forbidden',
    );
  });
});
