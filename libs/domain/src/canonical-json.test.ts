import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalJson, digestOf } from './canonical-json.js';

describe('canonical JSON', () => {
  it('sorts keys by code unit, leaves out what is undefined, and has no white space', () => {
    expect(canonicalJson({ b: [1, null, 'ä'], a: { d: true, c: undefined }, Z: 0 })).toBe(
      '{"Z":0,"a":{"d":true},"b":[1,null,"ä"]}',
    );
  });

  it('of equal values is equal, and reads back as the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1])('refuses what JSON cannot hold', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  it('digests to SHA-256 in hexadecimal, whatever the order of keys', () => {
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
    expect(digestOf({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });
});
