import { describe, expect, it } from '@jest/globals';
import { lineAt, replaceWords, wordsOf } from './template-words.js';

const words = (text: string): readonly string[] => wordsOf(text).map(({ word }) => word);

describe('the words of a template', () => {
  it.each([
    ['a function', '{{ lookup "v1" "Secret" }}', ['lookup']],
    ['one in parentheses, with a field after it', '{{- (now).Unix -}}', ['now']],
    ['several in a pipe', '{{ .Values.a | default (randAlphaNum 8) | quote }}', ['default', 'randAlphaNum', 'quote']],
    ['those of several actions', 'a: {{ now }}\nb: {{ uuidv4 }}', ['now', 'uuidv4']],
    ['none outside actions', 'lookup: now # {{', []],
    ['none in fields and variables', '{{ .Values.lookup }}{{ $now }}{{ $.now }}', []],
    ['none in texts', '{{ "lookup }} now" }}{{ `now` }}', []],
    ['none in comments', '{{/* lookup "v1" }} now */}}{{- /* now */ -}}', []],
    ['one over several lines', '{{ if\n  lookup "v1" }}', ['if', 'lookup']],
    ['one in an action that never ends', '{{ lookup', ['lookup']],
    ['letters of any script as part of a word', '{{ nowä }}', ['nowä']],
  ])('are %s', (_name, text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it('can be replaced, and nothing else is', () => {
    expect(replaceWords('now {{ now }} {{ .now }} {{ "now" }} {{ date "x" now }}', { now: '(x)' })).toBe(
      'now {{ (x) }} {{ .now }} {{ "now" }} {{ date "x" (x) }}',
    );
    expect(replaceWords('{{ later }}', { now: '(x)' })).toBeNull();
  });

  it('are on lines', () => {
    const text = 'a\nb {{ now }}\n{{ now }}';
    expect(wordsOf(text).map(({ at }) => lineAt(text, at))).toEqual([2, 3]);
  });

  it('are found in little time in a text made to take long', () => {
    const text = `{{ ${'"a '.repeat(20_000)}${'/* '.repeat(100_000)} ${'a.'.repeat(20_000)}`;
    expect(wordsOf(text).length).toBeGreaterThan(0);
  });
});
