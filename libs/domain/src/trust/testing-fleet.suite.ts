import fc from 'fast-check';
import { beginTrust, stepTrust } from './step-trust.js';
import type { Trust, TrustEntry, TrustWorld } from './trust.js';

/** What an agent holds, and what a manifest tells. */
interface Document {
  readonly generation: number;
  readonly keys: readonly string[];
  readonly authorities: readonly string[];
}

interface Agent {
  online: boolean;
  joined: boolean;
  /** Stored, and so what it believes after a restart too. */
  pins: Document;
  /** What stands on the bus for it. */
  manifest: { readonly signedBy: string; readonly document: Document } | null;
  dirty: boolean;
  /** What the database has of its last sign of life. */
  held: number;
  /** Somebody said to go on without it: it is to be joined again. */
  abandoned: boolean;
}

const told = (entries: readonly TrustEntry[]): string[] =>
  entries.filter(({ state }) => state !== 'gone').map(({ id }) => id);
export const currentOf = (entries: readonly TrustEntry[]): string =>
  entries.find(({ state }) => state === 'current')?.id ?? '';

/** A hub's files, its database and its agents, each of which may be behind the others at any moment. */
export class TestFleet {
  readonly agents: Agent[] = [];
  keyFile = ['k0'];
  caFile = ['a0'];
  /** The authority of the certificates that are shown. */
  shown = 'a0';
  trust: Trust = beginTrust(this.world());
  private made = 0;

  world(): TrustWorld {
    return {
      keys: { ids: this.keyFile, kept: 'hub' },
      authorities: this.caFile,
      shown: [this.shown],
      outside: '',
      clusters: this.agents.flatMap((agent, index) => (agent.joined ? [{ uid: `c${index}`, held: agent.held }] : [])),
    };
  }

  document(): Document {
    const { generation, keys, authorities } = this.trust;
    return { generation, keys: told(keys), authorities: told(authorities) };
  }

  isBusy(): boolean {
    const lanes = [...this.trust.keys, ...this.trust.authorities];
    return (
      lanes.some(({ state }) => state === 'next' || state === 'old') || this.keyFile.length + this.caFile.length > 2
    );
  }

  rotate(what: 'key' | 'ca'): void {
    const file = what === 'key' ? this.keyFile : this.caFile;
    if (file.length > 1) return;
    file.push(`${what === 'key' ? 'k' : 'a'}${(this.made += 1)}`);
  }

  /** @param until where the hub is ended: before it stores what it decided, before it acts upon it, or after half of that. */
  tick(until: 'decided' | 'stored' | 'half' | 'end'): void {
    const { trust, changes } = stepTrust(this.trust, this.world());
    if (until === 'decided') return;
    if (changes.length > 0) for (const agent of this.agents) agent.dirty = true;
    this.trust = trust;
    if (until === 'stored') return;
    const order = (entries: readonly TrustEntry[]): string[] => [...new Set([currentOf(entries), ...told(entries)])];
    // Whatever is in a file and was announced to nobody yet stays there: the next step looks at it.
    const unknown = (file: readonly string[], entries: readonly TrustEntry[]): string[] =>
      file.filter((id) => entries.every((entry) => entry.id !== id));
    this.keyFile = [...order(this.trust.keys), ...unknown(this.keyFile, this.trust.keys)];
    this.caFile = [...order(this.trust.authorities), ...unknown(this.caFile, this.trust.authorities)];
    if (until === 'half') return;
    this.shown = currentOf(this.trust.authorities);
  }

  publish(): void {
    for (const agent of this.agents) {
      if (!agent.dirty || !agent.joined) continue;
      agent.manifest = { signedBy: currentOf(this.trust.keys), document: this.document() };
      agent.dirty = false;
    }
  }

  /** Fetches, believes or refuses as an agent does, stores, and says what it holds unless the heartbeat is lost. */
  sync(agent: Agent, heartbeat: 'sent' | 'lost'): void {
    if (!agent.online || !agent.joined || !agent.pins.authorities.includes(this.shown)) return;
    const { manifest, pins } = agent;
    if (manifest && pins.keys.includes(manifest.signedBy) && manifest.document.generation >= pins.generation) {
      if (manifest.document.keys.includes(manifest.signedBy)) agent.pins = manifest.document;
    }
    if (heartbeat === 'sent') agent.held = agent.pins.generation;
  }

  join(): void {
    if (this.agents.length > 6) return;
    const pins = this.document();
    this.agents.push({
      ...{ online: true, joined: true, pins, manifest: null },
      dirty: true,
      held: 0,
      abandoned: false,
    });
  }

  rejoin(agent: Agent): void {
    Object.assign(agent, {
      joined: true,
      abandoned: false,
      pins: this.document(),
      manifest: null,
      dirty: true,
      held: 0,
    });
  }

  abandon(index: number): void {
    const agent = this.agents[index];
    if (!agent || !this.isBusy()) return;
    this.trust = { ...this.trust, without: [...this.trust.without, `c${index}`] };
    agent.abandoned = true;
  }

  /** What must hold at every moment; null: it does. */
  wrong(): string | null {
    for (const [index, { joined, abandoned, pins }] of this.agents.entries()) {
      if (!joined || abandoned) continue;
      const key = currentOf(this.trust.keys);
      if (!pins.keys.includes(key)) return `c${index} does not believe ${key}, which signs`;
      if (!pins.authorities.includes(this.shown)) return `c${index} does not trust ${this.shown}, which is shown`;
    }
    if (!this.keyFile.includes(currentOf(this.trust.keys))) return 'the key that signs is not in the file any more';
    if (!this.caFile.includes(currentOf(this.trust.authorities))) return 'the current authority is not in the file';
    return null;
  }
}

const index = fc.nat({ max: 6 });
/** Whatever may happen, in any order. */
export const happenings = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('rotate' as const), what: fc.constantFrom('key' as const, 'ca' as const) }),
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('tick' as const),
        until: fc.constantFrom('decided' as const, 'stored' as const, 'half' as const, 'end' as const),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('sync' as const),
        index,
        heartbeat: fc.constantFrom('sent' as const, 'lost' as const),
      }),
    },
    fc.record({ do: fc.constant('join' as const) }),
    fc.record({ do: fc.constant('leave' as const), index }),
    fc.record({ do: fc.constant('turn' as const), index, online: fc.boolean() }),
    fc.record({ do: fc.constant('abandon' as const), index }),
  ),
  { minLength: 20, maxLength: 150 },
);

type Happening = typeof happenings extends fc.Arbitrary<readonly (infer One)[]> ? One : never;

export function happen(fleet: TestFleet, event: Happening): void {
  switch (event.do) {
    case 'rotate':
      return fleet.rotate(event.what);
    case 'tick':
      return fleet.tick(event.until);
    case 'publish':
      return fleet.publish();
    case 'join':
      return fleet.join();
    case 'abandon':
      return fleet.abandon(event.index);
    default: {
      const agent = fleet.agents[event.index];
      if (!agent) return;
      if (event.do === 'leave') agent.joined = false;
      else if (event.do === 'turn') agent.online = event.online;
      else fleet.sync(agent, event.heartbeat);
    }
  }
}
