import { describe, expect, it } from '@jest/globals';
import type { AskKind } from '#contract';
import { RejectedError } from '#kit';
import { readAnswer } from './read-answer.js';

const head = { generation: 3, revision: 'f'.repeat(40) };
const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
const node = { ...ref, sync: 'synced', health: 'healthy', reason: 'Available', message: '', children: [] as object[] };
const read = (kind: AskKind, answer: unknown): unknown =>
  readAnswer(kind, Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)));
const refusal = (kind: AskKind, answer: unknown): string => {
  try {
    read(kind, answer);
  } catch (error) {
    if (error instanceof RejectedError && error.details?.['status'] === 502) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
};
/** A value in `count` arrays. */
const nested = (count: number): string => '['.repeat(count) + ']'.repeat(count);

describe("an agent's answer", () => {
  it('is taken as its schema has it, without what it does not know', () => {
    const tree = { ...head, objects: [{ ...node, children: [{ ...node, kind: 'ReplicaSet' }] }] };
    expect(read('tree', { ...tree, more: 1 })).toEqual({ answer: tree });
    const diff = { ...head, same: 2, objects: [{ ...ref, change: 'changed', live: { a: 1 }, desired: { a: 2 } }] };
    expect(read('diff', diff)).toEqual({ answer: diff });
    const event = {
      about: ref,
      type: 'Normal',
      reason: 'Pulled',
      message: 'x',
      count: 2,
      firstAt: 'a',
      lastAt: 'b',
      source: 'kubelet',
    };
    expect(read('events', { ...head, events: [event] })).toEqual({ answer: { ...head, events: [event] } });
  });

  it('to what the hub asks for itself is taken as its schema has it, too', () => {
    const document = { groupVersion: 'v1', gzipped: 'H4sIAAAAAAAAA6uuBQBDv6ajAgAAAA==' };
    expect(read('schemas', { document: { ...document, more: 1 } })).toEqual({ answer: { document } });
    const wrong = (more: object): string => refusal('schemas', { document: { ...document, ...more } });
    expect(wrong({ gzipped: 7 })).toMatch(/document\.gzipped/);
    expect(wrong({ gzipped: undefined })).toMatch(/document\.gzipped/);
    expect(wrong({ groupVersion: 7 })).toMatch(/document\.groupVersion/);
    const groupVersions = Object.fromEntries(Array.from({ length: 2001 }, (_, at) => [`g${at}/v1`, 'h']));
    expect(refusal('schemas', { groupVersions })).toMatch(/at most 2000/);
    const refused = Array.from({ length: 21 }, () => ({ ...ref, message: 'no' }));
    expect(refusal('dryRun', { tried: 1, left: [], refused, more: 0 })).toMatch(/refused/);
  });

  it('may be an error, in its own words', () => {
    const error = { code: 'busy', message: 'later' };
    expect(read('tree', { error })).toEqual({ error });
  });

  it.each<[string, AskKind, unknown, RegExp]>([
    ['no JSON', 'tree', '{"objects":', /not JSON/],
    ['no object', 'tree', 'null', /expected object/],
    ["another question's answer", 'events', { ...head, objects: [] }, /events must be set/],
    ['an unknown health', 'tree', { ...head, objects: [{ ...node, health: 'fine' }] }, /objects\[0\]\.health/],
    [
      'a text that is too long',
      'tree',
      { ...head, objects: [{ ...node, message: 'x'.repeat(1025) }] },
      /objects\[0\]\.message/,
    ],
    ['too many events', 'events', { ...head, events: Array.from({ length: 1001 }, () => ({})) }, /events/],
    [
      'what is nested without end',
      'diff',
      `{"generation":1,"revision":"","same":0,"objects":[${nested(3000)}]}`,
      /nested deeper/,
    ],
    ['what is nested deeper than a stack', 'tree', nested(1_000_000), /nested deeper/],
    [
      'children in children for ever',
      'tree',
      {
        ...head,
        objects: [Array.from({ length: 200 }).reduce<object>((child) => ({ ...node, children: [child] }), node)],
      },
      /nested deeper/,
    ],
    [
      'more objects than a tree has',
      'tree',
      {
        ...head,
        objects: Array.from({ length: 101 }, () => ({ ...node, children: Array.from({ length: 100 }, () => node) })),
      },
      /more than 10000 objects/,
    ],
  ])('that is %s is none, and nothing of it is shown', (_what, kind, answer, message) => {
    const text = refusal(kind, answer);
    expect(text).toMatch(message);
    expect(text.length).toBeLessThan(400);
  });

  describe('with a Secret', () => {
    const secret = (live: object): object => ({
      ...head,
      same: 0,
      objects: [
        {
          apiVersion: 'v1',
          kind: 'Secret',
          name: 's',
          change: 'changed',
          live,
          desired: { data: { a: '(hidden 0a1b2c3d)' } },
        },
      ],
    });

    it('is shown where every value is a mark', () => {
      const live = {
        metadata: { name: 's', annotations: { note: 'x' } },
        data: { a: '(hidden 00000000)' },
        stringData: null,
      };
      expect(read('diff', secret(live))).toHaveProperty('answer');
    });

    it.each<[string, object]>([
      ['its data', { data: { a: 'c2VjcmV0' } }],
      ['its stringData', { stringData: { a: '(hidden 00000000) and more' } }],
      ['data that is no map', { data: 'c2VjcmV0' }],
      ['data that is deeper', { data: { a: { b: 'c2VjcmV0' } } }],
      [
        'what kubectl keeps of it',
        { metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } } },
      ],
      ['its managed fields', { metadata: { managedFields: [] } }],
    ])('is shown to nobody where %s came', (_what, live) => {
      const text = refusal('diff', secret(live));
      expect(text).toMatch(/objects\[0\] is a Secret whose values are not masked/);
      expect(text).not.toContain('c2VjcmV0');
    });
  });
});
