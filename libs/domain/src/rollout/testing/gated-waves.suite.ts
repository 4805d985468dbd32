import * as fc from 'fast-check';
import type { GateSpec, WaveSpec, WindowSpec } from '../strategy.js';

type Gated = Pick<WaveSpec, 'before' | 'after' | 'windows'>;

const approval = (approvers: number): GateSpec => ({ type: 'approval', name: 'yes', approvers });
const webhook: GateSpec = { type: 'webhook', name: 'hook', url: 'https://example.org/go', intervalMs: 30_000 };
const metric: GateSpec = {
  type: 'metric',
  name: 'errors',
  ...{ url: 'https://example.org', query: 'errors', successCondition: 'value < 1.0' },
  ...{ intervalMs: 20_000, count: 2, failureLimit: 1 },
};
const often: WindowSpec & { timeZone: string } = { cron: '*/10 * * * *', durationMs: 240_000, timeZone: 'UTC' };
const hourly: WindowSpec = { cron: '0 * * * *', durationMs: 1_800_000, timeZone: { label: 'tz' } };
const schedule: GateSpec = { type: 'schedule', name: 'office', windows: [often] };
/** The schedules begin at 1,000 s. */
const notBefore: GateSpec = { type: 'schedule', name: 'later', notBefore: 1_300_000, windows: [] };

/** What stands before, after and over wave `index` of `count`. */
export type Gating = (index: number, count: number) => Gated;

const none: Gating = () => ({});
const GATINGS: readonly Gating[] = [
  (index) => (index > 0 ? { before: [approval(1)] } : {}),
  (index, count) => (index === count - 1 ? { before: [approval(2)], after: [webhook] } : {}),
  (index) => (index > 0 ? { before: [approval(1), schedule] } : { after: [approval(1)] }),
  () => ({ after: [metric] }),
  (index) => (index > 0 ? { before: [webhook, notBefore] } : { after: [metric, webhook] }),
  () => ({ before: [schedule] }),
  () => ({ windows: [often] }),
  (index) => (index > 0 ? { windows: [hourly] } : {}),
  (index) => ({ windows: [often], ...(index > 0 && { before: [approval(1)], after: [webhook] }) }),
];

/** Two of five strategies have gates or windows. */
export const gated: fc.Arbitrary<Gating> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(none) },
  { weight: 2, arbitrary: fc.constantFrom(...GATINGS) },
);
