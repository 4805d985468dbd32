import { describe, expect, it } from '@jest/globals';
import { issueErrors } from './issues.js';
import { jsonSchemaOf } from './json-schema.js';
import { strategySpecSchema, toStrategySpec } from './strategy.js';

const errorsOf = (spec: unknown): readonly { path: string; message: string }[] => {
  const { error } = strategySpecSchema.safeParse(spec);
  return issueErrors(error?.issues ?? [], ['spec']);
};
const wave = (more: object): object => ({ waves: [{ name: 'a', ...more }] });
const before = (...gates: unknown[]): object => wave({ before: gates });
const strategyOf = (spec: object) => toStrategySpec(strategySpecSchema.parse(spec));
const gatesOf = (...gates: unknown[]) => strategyOf(before(...gates)).waves[0]?.before;
const metric = { url: 'https://prometheus.example.com', query: 'up', successCondition: 'value < 0.01' };
const morning = { cron: '0 8 * * 1-5', duration: '9h' };

describe('a strategy document', () => {
  it('gets every default of a wave, and no gates where it declares none', () => {
    expect(strategyOf(wave({}))).toEqual({
      onFailure: 'pause',
      supersede: 'replace',
      rollback: { maxConcurrency: '25%' },
      maxDeletions: '10%',
      waves: [
        {
          name: 'a',
          maxConcurrency: '10%',
          maxFailures: '1%',
          maxUnreachable: '20%',
          ackTimeoutMs: 300_000,
          progressDeadlineMs: 600_000,
          healthyForMs: 30_000,
          soakMs: 0,
        },
      ],
    });
    expect(strategyOf(wave({ before: [], after: [] })).waves[0]).not.toHaveProperty('before');
  });

  it('gets every default of its gates', () => {
    expect(
      gatesOf({ approval: {} }, { schedule: { windows: [morning] } }, { webhook: { url: 'http://ci/ok' } }, { metric }),
    ).toEqual([
      { type: 'approval', name: 'approval', approvers: 1 },
      {
        type: 'schedule',
        name: 'schedule',
        windows: [{ cron: '0 8 * * 1-5', durationMs: 9 * 3_600_000, timeZone: 'UTC' }],
      },
      { type: 'webhook', name: 'webhook', url: 'http://ci/ok', intervalMs: 60_000 },
      { type: 'metric', name: 'metric', ...metric, intervalMs: 60_000, count: 1, failureLimit: 0 },
    ]);
  });

  it('keeps what its gates say', () => {
    const berlin = { ...morning, timeZone: 'Europe/Berlin' };
    expect(
      gatesOf(
        { name: 'board', approval: { approvers: 2 } },
        { schedule: { notBefore: '2026-12-01T09:00:00+01:00', windows: [berlin] } },
        { webhook: { url: 'https://ci.example.com/ok?job=1', interval: '10s' } },
        { metric: { ...metric, interval: '30s', count: 5, failureLimit: 2 } },
      ),
    ).toMatchObject([
      { name: 'board', approvers: 2 },
      { notBefore: Date.UTC(2026, 11, 1, 8), windows: [{ timeZone: 'Europe/Berlin' }] },
      { url: 'https://ci.example.com/ok?job=1', intervalMs: 10_000 },
      { intervalMs: 30_000, count: 5, failureLimit: 2 },
    ]);
  });

  it('names gates by their type, never twice the same, and leaves the names that a person gave', () => {
    const names = gatesOf({ metric }, { metric }, { name: 'metric', metric }, { name: 'metric-2', metric }, { metric });
    expect(names?.map(({ name }) => name)).toEqual(['metric-3', 'metric-4', 'metric', 'metric-2', 'metric-5']);
    const sides = strategyOf(wave({ before: [{ approval: {} }], after: [{ approval: {} }] })).waves[0];
    expect([sides?.before?.[0]?.name, sides?.after?.[0]?.name]).toEqual(['approval', 'approval']);
  });

  it("opens a wave's windows in one time zone, or in each cluster's own", () => {
    const windows = [morning, { ...morning, timeZone: { label: 'timezone' } }];
    expect(strategyOf(wave({ windows })).waves[0]?.windows?.map(({ timeZone }) => timeZone)).toEqual([
      'UTC',
      { label: 'timezone' },
    ]);
  });

  it('is told whole in its JSON schema', () => {
    const text = JSON.stringify(jsonSchemaOf('Strategy'));
    for (const field of [
      'approvers',
      'notBefore',
      'successCondition',
      'failureLimit',
      'timeZone',
      'windows',
      'after',
    ]) {
      expect(text).toContain(`"${field}"`);
    }
    expect(text).toContain('"oneOf":[{"required":["approval"]}');
  });
});

describe('a strategy document is refused', () => {
  const side = 'spec.waves[0].before';
  it.each<[string, object, string, RegExp]>([
    ['an unknown gate', before({ aproval: {} }), `${side}[0].aproval`, /unknown field/],
    ['a gate of no type', before({ name: 'x' }), `${side}[0]`, /exactly one of approval.*none of them/],
    ['a gate of two types', before({ approval: {}, metric }), `${side}[0]`, /and has approval and metric/],
    ['a gate that is no object', before('approval'), `${side}[0]`, /such as \{approval: \{approvers: 2\}\}/],
    ['gates that are no list', wave({ before: { approval: {} } }), side, /must be a list of gates/],
    ['eleven gates', before(...Array.from({ length: 11 }, () => ({ approval: {} }))), side, /at most 10 gates/],
    ['two gates of one name', before({ name: 'x', approval: {} }, { name: 'x', metric }), `${side}[1].name`, /unique/],
    ['a gate with a bad name', before({ name: 'X y', approval: {} }), `${side}[0].name`, /lower-case/],
    ['an approval without braces', before({ approval: null }), `${side}[0].approval`, /\{\} asks for one approver/],
    ['no approvers', before({ approval: { approvers: 0 } }), `${side}[0].approval.approvers`, /at least 1/],
    ['an unknown field', before({ approval: { by: 'x' } }), `${side}[0].approval.by`, /unknown field/],
    ['an empty schedule', before({ schedule: {} }), `${side}[0].schedule`, /must have notBefore, windows or both/],
    [
      'a time without zone',
      before({ schedule: { notBefore: '2026-12-01T08:00:00' } }),
      `${side}[0].schedule.notBefore`,
      /with its zone/,
    ],
    [
      'a day that is none',
      before({ schedule: { notBefore: '2026-02-30T08:00:00Z' } }),
      `${side}[0].schedule.notBefore`,
      /must be a time/,
    ],
    ['no windows', before({ schedule: { windows: [] } }), `${side}[0].schedule.windows`, /at least one window/],
    [
      'a bad cron',
      before({ schedule: { windows: [{ ...morning, cron: '61 8 * * *' }] } }),
      `${side}[0].schedule.windows[0].cron`,
      /61 8/,
    ],
    [
      'six fields',
      before({ schedule: { windows: [{ ...morning, cron: '0 0 8 * * 1' }] } }),
      `${side}[0].schedule.windows[0].cron`,
      /five fields/,
    ],
    [
      'a cron that is no text',
      before({ schedule: { windows: [{ ...morning, cron: 8 }] } }),
      `${side}[0].schedule.windows[0].cron`,
      /in quotes/,
    ],
    [
      'a window without an end',
      before({ schedule: { windows: [{ cron: morning.cron }] } }),
      `${side}[0].schedule.windows[0].duration`,
      /must be a duration/,
    ],
    [
      'a window of no time',
      before({ schedule: { windows: [{ ...morning, duration: '0s' }] } }),
      `${side}[0].schedule.windows[0].duration`,
      /between 1m and 31d/,
    ],
    [
      'a gate in an unknown zone',
      before({ schedule: { windows: [{ ...morning, timeZone: 'Mars/Base' }] } }),
      `${side}[0].schedule.windows[0].timeZone`,
      /Europe\/Berlin/,
    ],
    [
      "a gate in each cluster's zone",
      before({ schedule: { windows: [{ ...morning, timeZone: { label: 'tz' } }] } }),
      `${side}[0].schedule.windows[0].timeZone`,
      /IANA name.*windows of the wave/,
    ],
    [
      'a wave in an unknown zone',
      wave({ windows: [{ ...morning, timeZone: 'CEST5' }] }),
      'spec.waves[0].windows[0].timeZone',
      /Europe\/Berlin/,
    ],
    [
      'a zone that is neither',
      wave({ windows: [{ ...morning, timeZone: 3 }] }),
      'spec.waves[0].windows[0].timeZone',
      /\{label: key\}/,
    ],
    [
      'zones from two labels',
      wave({
        windows: [
          { ...morning, timeZone: { label: 'a' } },
          { ...morning, timeZone: { label: 'b' } },
        ],
      }),
      'spec.waves[0].windows[1].timeZone.label',
      /one time zone/,
    ],
    [
      'another scheme',
      before({ webhook: { url: 'file:///etc/passwd' } }),
      `${side}[0].webhook.url`,
      /https:\/\/ or http:\/\/, not file:/,
    ],
    ['no address', before({ webhook: { url: 'ci.example.com/x' } }), `${side}[0].webhook.url`, /must be a URL/],
    [
      'a password in an address',
      before({ webhook: { url: 'https://me:secret@ci.example.com' } }),
      `${side}[0].webhook.url`,
      /^must not hold a user or password/,
    ],
    ['no address at all', before({ webhook: {} }), `${side}[0].webhook.url`, /must be/],
    [
      'a rush',
      before({ webhook: { url: 'https://ci.example.com', interval: '10ms' } }),
      `${side}[0].webhook.interval`,
      /between 1s and 24h/,
    ],
    [
      'a base address with a query',
      before({ metric: { ...metric, url: 'https://p.example.com/?x=1' } }),
      `${side}[0].metric.url`,
      /base address/,
    ],
    ['no query', before({ metric: { ...metric, query: '' } }), `${side}[0].metric.query`, /PromQL/],
    [
      'a condition that is none',
      before({ metric: { ...metric, successCondition: 'value <' } }),
      `${side}[0].metric.successCondition`,
      /CEL condition/,
    ],
    [
      'a condition that is a number',
      before({ metric: { ...metric, successCondition: 'value' } }),
      `${side}[0].metric.successCondition`,
      /true or false/,
    ],
    ['no samples', before({ metric: { ...metric, count: 0 } }), `${side}[0].metric.count`, /at least 1/],
    [
      'half a failure',
      before({ metric: { ...metric, failureLimit: 0.5 } }),
      `${side}[0].metric.failureLimit`,
      /whole number/,
    ],
    ['a soak for ever', wave({ soak: '90d' }), 'spec.waves[0].soak', /at most 30d/],
    [
      'a deadline of no time',
      wave({ progressDeadline: '0s', healthyFor: '0s' }),
      'spec.waves[0].progressDeadline',
      /between 100ms and 30d/,
    ],
    [
      'a deadline that nobody could meet',
      wave({ progressDeadline: '30s' }),
      'spec.waves[0].progressDeadline',
      /longer than healthyFor/,
    ],
    [
      'a rollback of nobody',
      { ...wave({}), rollback: { maxConcurrency: 0 } },
      'spec.rollback.maxConcurrency',
      /at least 1/,
    ],
    [
      'a rollback that is no object',
      { ...wave({}), rollback: '25%' },
      'spec.rollback',
      /such as \{maxConcurrency: 25%\}/,
    ],
    ['negative deletions', { ...wave({}), maxDeletions: -1 }, 'spec.maxDeletions', /not be negative/],
    ['no waves', { waves: [] }, 'spec.waves', /at least one wave/],
  ])('for %s', (_what, spec, path, message) => {
    expect(errorsOf(spec)).toContainEqual({ path, message: expect.stringMatching(message) });
  });

  it('without showing a password that stands in an address', () => {
    const errors = errorsOf(before({ metric: { ...metric, url: 'https://me:hunter2@prometheus.example.com' } }));
    expect(errors).toHaveLength(1);
    expect(JSON.stringify(errors)).not.toContain('hunter2');
  });
});
