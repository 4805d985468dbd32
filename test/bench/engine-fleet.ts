import {
  STRATEGY_DEFAULTS,
  WAVE_DEFAULTS,
  type Member,
  type RolloutEvent,
  type StrategySpec,
  type WaveSpec,
} from '#domain';

export const NOW = 1_700_000_000_000;
export const APPLICATION = 'shop';

export type StartEvent = Extract<RolloutEvent, { type: 'start' }>;

/** A digest of the length that they have. */
export function digestOf(release: number): string {
  return `${release}`.padStart(64, 'a');
}

/** Clusters with identities and labels of the length that they have. */
export function members(count: number, release: number): Member[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(index).padStart(12, '0');
    return {
      uid: `01890000-0000-7000-8000-${number}`,
      name: `cluster-${number}`,
      labels: { env: index % 10 === 0 ? 'dev' : 'prod', region: `region-${index % 7}` },
      facts: { 'fact.kubernetes': '1.36', 'fact.nodes': String(3 + (index % 5)) },
      overlay: `overlays/${index % 10 === 0 ? 'dev' : 'prod'}`,
      digest: digestOf(release),
      online: true,
    };
  });
}

export function oneWave(more: Partial<WaveSpec> = {}): StrategySpec {
  return { ...STRATEGY_DEFAULTS, waves: [{ ...WAVE_DEFAULTS, name: 'all', ...more }] };
}

export function startOf(count: number, release: number, strategy: StrategySpec): StartEvent {
  return {
    type: 'start',
    kind: 'forward',
    release,
    strategy,
    members: members(count, release),
    automatic: false,
    actor: 'token:bench',
  };
}
