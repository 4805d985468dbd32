import { describe, expect, it } from '@jest/globals';
import { authorOf } from './author.js';

describe('the author of a commit', () => {
  it.each([
    ['Ada Lovelace <ada@example.org>', { name: 'Ada Lovelace', email: 'ada@example.org' }],
    ['Ada Lovelace', { name: 'Ada Lovelace', email: '' }],
    ['<ada@example.org>', { name: '', email: 'ada@example.org' }],
    ['Ada <>', { name: 'Ada', email: '' }],
    [' ', undefined],
  ])('of %p is %p', (text, author) => {
    expect(authorOf(text)).toEqual(author);
  });
});
