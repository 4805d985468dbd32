import { describe, expect, it } from '@jest/globals';
import { fieldErrors } from './field-errors.js';

const problem = (errors: { path: string; message: string }[], more = {}) => ({
  ...{ type: 'about:blank', title: '', status: 422, code: 'invalid', detail: 'all of it', errors },
  ...more,
});

describe('what is wrong with a registration', () => {
  it('is told at its field', () => {
    const errors = fieldErrors(
      problem([
        { path: 'name', message: 'must be lower-case' },
        { path: 'tokenTtl', message: 'must be between 1m and 7d' },
        { path: 'namespaces[1]', message: 'must be a name' },
        { path: 'labels.example.com/env', message: 'must be a label value' },
      ]),
      ['example.com/env'],
    );
    expect(errors).toEqual({
      name: 'Must be lower-case',
      tokenTtl: 'Must be between 1m and 7d',
      namespaces: 'Number 2 must be a name',
      labels: new Map([['example.com/env', 'Must be a label value']]),
      rest: [],
    });
  });

  it('is told beside the button where it is about no field', () => {
    expect(fieldErrors(problem([{ path: 'labels', message: 'too many' }]), []).rest).toEqual(['labels: too many']);
    expect(fieldErrors(problem([], { errors: undefined }), []).rest).toEqual(['all of it']);
  });

  it('is the name where that is taken', () => {
    expect(fieldErrors(problem([], { code: 'name-taken', detail: 'name: a cluster is there' }), [])).toMatchObject({
      name: 'A cluster is there',
      rest: [],
    });
  });

  it('is nothing without a problem', () => {
    expect(fieldErrors(undefined, [])).toEqual({ labels: new Map(), rest: [] });
  });
});
