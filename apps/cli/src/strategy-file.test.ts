import { expect, it } from '@jest/globals';
import { keepingContext } from '../../../test/helpers/run-flotilla.js';
import { wantedStrategy } from './strategy-file.js';

const read = (stdin: string) => wantedStrategy({ strategyFile: '-' }, keepingContext({ stdin }).context);

it('reads a strategy from a file, as a document or its spec alone, and nothing else', async () => {
  const spec = { waves: [{ name: 'all' }] };
  expect(await read('waves: [{name: all}]')).toEqual(spec);
  expect(await read('kind: Strategy\nmetadata: {name: x}\nspec: {waves: [{name: all}]}')).toEqual(spec);
  for (const other of ['kind: Source\nspec: {url: x}', 'kind: Strategy', '[1]', 'text', 'waves: []\n---\nwaves: []']) {
    await expect(read(other)).rejects.toMatchObject({ code: 'no-strategy' });
  }
  const { context } = keepingContext();
  expect(await wantedStrategy({ strategy: 'careful' }, context)).toBe('careful');
  expect(await wantedStrategy({}, context)).toBeUndefined();
  await expect(wantedStrategy({ strategyFile: '/nowhere.yaml' }, context)).rejects.toThrow(
    '--strategy-file: /nowhere.yaml does not exist.',
  );
});
