import { describe, expect, it } from '@jest/globals';
import { renderPathTemplate } from './path-template.js';

const cluster = {
  name: 'eu-1',
  labels: { env: 'prod', 'team/name': 'blue', up: '..', deep: 'a/b', empty: '' },
  facts: { region: 'eu-west-1' },
};

describe('a path template', () => {
  it.each([
    ['overlays/{{ labels.env }}', 'overlays/prod'],
    ['overlays/{{labels.env}}/{{ labels["team/name"] }}', 'overlays/prod/blue'],
    ["{{ labels['team/name'] }}", 'blue'],
    ['{{ facts.region }}/{{ name }}', 'eu-west-1/eu-1'],
    ['./a//b/', 'a/b'],
    ['.', '.'],
    ['plain', 'plain'],
  ])('%s is %s', (template, path) => {
    expect(renderPathTemplate(template, cluster)).toEqual({ ok: true, path });
  });

  it.each([
    ['overlays/{{ labels.tier }}', 'label-missing', 'no label "tier"'],
    ['overlays/{{ labels["a/b"] }}', 'label-missing', 'no label "a/b"'],
    ['{{ labels.empty }}', 'label-missing', '"empty"'],
    ['{{ facts.zone }}', 'label-missing', 'no fact "zone"'],
    ['{{ labels.constructor }}', 'label-missing', '"constructor"'],
    ['{{ labels.up }}/x', 'path-invalid', '"up"'],
    ['{{ labels.deep }}', 'path-invalid', '"deep"'],
    ['../x', 'path-invalid', '".."'],
    ['a/../../x', 'path-invalid', '".."'],
    ['/etc', 'path-invalid', 'absolute'],
    ['', 'path-invalid', 'empty'],
    ['a\\b', 'path-invalid', 'backslash'],
    ['{{ cluster.name }}', 'template-invalid', 'not understood'],
    ['{{ labels.env', 'template-invalid', 'braces'],
  ])('%s is refused as %s, naming what is wrong', (template, code, text) => {
    const rendered = renderPathTemplate(template, cluster);
    expect(rendered).toMatchObject({ ok: false, code });
    expect(rendered.ok ? '' : rendered.message).toContain(text);
  });
});
