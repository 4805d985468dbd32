import { conditionProblem, GATE_DEFAULTS, MAX_CONDITION, parseDuration, type GateSpec } from '#domain';
import { z } from 'zod';
import { durationBetween, httpUrlSchema, nameSchema, objectLike } from './primitives.js';
import { gateWindowsSchema, toWindow } from './windows.js';

/** Most gates on one side of a wave. */
const MAX_GATES = 10;

const interval = durationBetween('1s', '24h').optional().describe('How often it is asked; 1m unless told');

const count = (least: number) =>
  z
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(least, `must be at least ${least}`)
    .max(1000, 'must be at most 1000');

const approvalSchema = z.strictObject(
  {
    approvers: count(1).optional().describe('How many different people; 1 unless told'),
  },
  objectLike('{approvers: 2}; {} asks for one approver'),
);

const scheduleSchema = z
  .strictObject(
    {
      notBefore: z.iso
        .datetime({
          offset: true,
          error: 'must be a time with its zone, such as 2026-12-01T08:00:00Z or 2026-12-01T09:00:00+01:00',
        })
        .optional(),
      windows: gateWindowsSchema.optional(),
    },
    objectLike('{notBefore: 2026-12-01T08:00:00Z}'),
  )
  .refine(({ notBefore, windows }) => notBefore !== undefined || windows !== undefined, {
    error: 'must have notBefore, windows or both: without either it would always be open',
  });

const webhookSchema = z.strictObject(
  { url: httpUrlSchema, interval },
  objectLike('{url: "https://ci.example.com/may-roll-out"}'),
);

const metricSchema = z.strictObject(
  {
    url: httpUrlSchema
      .refine(
        (url) => !url.includes('?'),
        'must be the base address of the server, without a query: that goes to `query`',
      )
      .describe('Base address of a server that speaks the HTTP API of Prometheus'),
    query: z.string().min(1, 'must be a query in PromQL').max(4096, 'must have at most 4096 characters'),
    successCondition: z
      .string({ error: 'must be a condition such as value < 0.01' })
      .max(MAX_CONDITION, `must have at most ${MAX_CONDITION} characters`)
      .superRefine((text, context) => {
        const problem = text.length > MAX_CONDITION ? null : conditionProblem(text);
        if (problem !== null) context.addIssue({ code: 'custom', message: problem });
      })
      .describe('CEL over `result`, the list of numbers, and `value`, the first of them'),
    interval,
    count: count(1).optional().describe('So many samples that meet the condition open it; 1 unless told'),
    failureLimit: count(0).optional().describe('More samples than this that do not meet it refuse; 0 unless told'),
  },
  objectLike('{url: "https://prometheus.example.com", query: …, successCondition: value < 0.01}'),
);

const GATE_TYPES = ['approval', 'schedule', 'webhook', 'metric'] as const;

const gateSchema = z
  .strictObject(
    {
      name: nameSchema.optional().describe('Unique on its side of the wave; its type unless told'),
      approval: approvalSchema.optional(),
      schedule: scheduleSchema.optional(),
      webhook: webhookSchema.optional(),
      metric: metricSchema.optional(),
    },
    objectLike('{approval: {approvers: 2}}'),
  )
  .superRefine((gate, context) => {
    const types = GATE_TYPES.filter((type) => gate[type] !== undefined);
    if (types.length === 1) return;
    const found = types.length === 0 ? 'none of them' : types.join(' and ');
    context.addIssue({
      code: 'custom',
      message: `must have exactly one of approval, schedule, webhook and metric, and has ${found}`,
    });
  })
  .meta({ id: 'Gate', oneOf: GATE_TYPES.map((type) => ({ required: [type] })) });

/** The gates of one side of a wave; all of them must be open. */
export const gatesSchema = z
  .array(gateSchema, { error: 'must be a list of gates, such as [{approval: {approvers: 2}}]' })
  .max(MAX_GATES, `must have at most ${MAX_GATES} gates`)
  .superRefine((gates, context) => {
    const seen = new Set<string>();
    gates.forEach(({ name }, index) => {
      if (name === undefined) return;
      if (seen.has(name)) {
        const message = `is the name of an earlier gate too (${name}): names are unique`;
        context.addIssue({ code: 'custom', path: [index, 'name'], message });
      }
      seen.add(name);
    });
  });

type Gate = z.output<typeof gateSchema>;

/** With names and defaults. Names that a person gave stand; the others are the gate's type, made unique by `-2`, `-3`, … */
export function toGates(gates: readonly Gate[]): readonly GateSpec[] {
  const taken = new Set(gates.flatMap(({ name }) => name ?? []));
  return gates.map((gate) => {
    const type = GATE_TYPES.find((each) => gate[each] !== undefined) ?? 'approval';
    let name = gate.name ?? type;
    for (let next = 2; gate.name === undefined && taken.has(name); next += 1) name = `${type}-${next}`;
    taken.add(name);
    return toGate(name, gate);
  });
}

function toGate(name: string, { approval, schedule, webhook, metric }: Gate): GateSpec {
  if (schedule) {
    const { notBefore, windows = [] } = schedule;
    return {
      type: 'schedule',
      name,
      ...(notBefore !== undefined && { notBefore: Date.parse(notBefore) }),
      windows: windows.map((window) => toWindow(window)),
    };
  }
  if (webhook) return { type: 'webhook', name, url: webhook.url, intervalMs: intervalOf(webhook.interval) };
  if (metric) {
    const { url, query, successCondition } = metric;
    return {
      type: 'metric',
      name,
      url,
      query,
      successCondition,
      intervalMs: intervalOf(metric.interval),
      count: metric.count ?? GATE_DEFAULTS.count,
      failureLimit: metric.failureLimit ?? GATE_DEFAULTS.failureLimit,
    };
  }
  return { type: 'approval', name, approvers: approval?.approvers ?? GATE_DEFAULTS.approvers };
}

function intervalOf(text: string | undefined): number {
  return text === undefined ? GATE_DEFAULTS.intervalMs : (parseDuration(text) ?? GATE_DEFAULTS.intervalMs);
}
