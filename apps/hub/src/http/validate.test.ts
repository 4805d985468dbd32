import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { unstorableField, validationPipe } from './validate.js';

const schema = z.strictObject({ reason: z.string().optional() });

describe('the validation pipe', () => {
  const pipe = validationPipe();

  it.each([[undefined], [null], [{}]])('takes %p for an empty body', async (body) => {
    expect(await pipe.transform(body, { type: 'body', schema })).toEqual({});
  });

  it('does not take a missing query or parameter for anything', async () => {
    await expect(pipe.transform(undefined, { type: 'query', schema })).rejects.toMatchObject({ code: 'invalid' });
  });

  it('names the unknown field and the mend', async () => {
    await expect(pipe.transform({ raeson: 'x' }, { type: 'body', schema })).rejects.toMatchObject({
      details: { status: 400, fields: [{ path: 'raeson', message: 'unknown field: remove it, or mend its name' }] },
    });
  });
});

describe('unstorableField', () => {
  it.each([
    [{ reason: 'a\u0000' }, 'reason'],
    [{ documents: [{}, { metadata: { name: '\u0000' } }] }, 'documents[1].metadata.name'],
    [{ labels: { 'a\u0000b': 'x' } }, 'labels'],
    ['\u0000', '(document)'],
    [{ reason: 'half of \ud83d' }, 'reason'],
    [{ reason: 'whole \ud83d\ude80' }, null],
    [{ reason: 'a\\u0000', list: [1, null, true] }, null],
    [undefined, null],
  ])('finds the field in %j', (value, field) => {
    expect(unstorableField(value, '')).toBe(field);
  });

  it('goes as deep as a body does', () => {
    let value: unknown = 'a\u0000';
    for (let depth = 0; depth < 100_000; depth += 1) value = [value];
    expect(unstorableField(value, '')).toMatch(/^0\[0\]/);
  });
});
