import { expect, it } from '@jest/globals';
import { isAtLeast, readVersion } from './program-version.js';

it.each([
  ['nats-server: v2.15.2', '2.15.2'],
  ['v5.8.1\n', '5.8.1'],
  ['v4.3', '4.3.0'],
  ['v4.3.1+gabc', '4.3.1'],
  ['{Version:kustomize/v5.0.1 GitCommit:x}', '5.0.1'],
  [' 1.26.8', '1.26.8'],
  ['(devel)', undefined],
  ['', undefined],
  ['127.0.0', '127.0.0'],
])('reads %p as %p', (text, version) => {
  expect(readVersion(text)).toBe(version);
});

it.each([
  ['2.14.3', '2.14.3', true],
  ['2.14.2', '2.14.3', false],
  ['2.15.0', '2.14.3', true],
  ['10.0.0', '9.9.9', true],
  ['1.99.99', '2.0.0', false],
])('%p against the minimum %p is %p', (version, minimum, expected) => {
  expect(isAtLeast(version, minimum)).toBe(expected);
});
