import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { canonicalJson, generationAhead, stepTrust, type Trust, type TrustEntry, type TrustWorld } from '#domain';
import { messageOf, type Logger } from '#kit';
import type { Clock, Store } from '#ports';
import { CERTIFICATES, CLOCK, LOGGER, SIGNER, STORE } from '../parts.js';
import type { ManifestSigner } from '../steps/assign/manifest-signer.js';
import { Serial } from '../steps/serial.js';
import { Notary } from './notary.js';
import type { ServedCertificates } from './served-certificates.js';

const DAY_MS = 24 * 3_600_000;
/** Reads every cluster's row: 40 ms at 10,000. */
const AHEAD_MS = 30_000;
/** Steps in a row: one rotation of each sort has four. */
const MAX_STEPS = 12;
const ACTS = {
  announced: 'trust.announce',
  withdrawn: 'trust.withdraw',
  switched: 'trust.switch',
  retired: 'trust.retire',
} as const;

/**
 * Drives rotations: looks at what there is, takes the next step, stores it, and makes files and servers follow what is stored.
 * Nothing of it is remembered here, so that a hub that was ended at any moment goes on from there.
 */
@Injectable()
export class TrustKeeper implements OnApplicationBootstrap, OnApplicationShutdown {
  @Inject(LOGGER) private readonly log!: Logger;
  @Inject(CLOCK) private readonly clock!: Clock;
  private readonly serial = new Serial(() => this.run());
  private stopped = false;
  private lookAheadAt = 0;
  /** Keys that this hub has had since it began. */
  private readonly seen = new Set<string>();
  /** Digest of the outside authorities that this hub told of last. */
  private outside: string | null = null;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(SIGNER) private readonly signer: ManifestSigner,
    @Inject(CERTIFICATES) private readonly certificates: ServedCertificates,
    private readonly notary: Notary,
  ) {}

  /** Before anybody joins: what a cluster is told first is what the others were. */
  async onApplicationBootstrap(): Promise<void> {
    await this.store.transact(async (unit) => {
      if ((await unit.trust.lock()) === null) await unit.trust.put(this.notary.first());
    });
    this.serial.request();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.serial.idle();
  }

  @Interval('trust', 2000)
  look(): void {
    this.serial.request();
  }

  /** Server certificates near their end are made anew; those of somebody else may have been. */
  @Interval('certificates', DAY_MS)
  renew(): void {
    this.certificates.refresh().catch((error: unknown) => {
      this.log.warn({ why: messageOf(error) }, 'certificates were not looked at');
    });
  }

  /** Resolves when what can be done now is done. */
  async settle(): Promise<void> {
    this.serial.request();
    await this.serial.idle();
  }

  private async run(): Promise<void> {
    try {
      await this.signer.refresh();
      await this.catchUp();
      for (let steps = 0; steps < MAX_STEPS && !this.stopped; steps += 1) {
        const trust = await this.store.read.trust.get();
        // Another data folder's, whether another hub's or one that is lost: nothing that is here is to take its place by itself.
        if (trust === null || !this.isOurs(trust)) return;
        await this.follow(trust);
        if (!(await this.step())) return;
      }
    } catch (error) {
      this.log.warn({ why: messageOf(error) }, 'trust is looked at again in a moment');
    }
  }

  /** After the database was restored from before a rotation, agents would refuse what has a lower generation than they hold. */
  private async catchUp(): Promise<void> {
    const now = performance.now();
    if (now < this.lookAheadAt) return;
    this.lookAheadAt = now + AHEAD_MS;
    await this.store.transact(async (unit) => {
      const trust = await unit.trust.lock();
      if (trust === null) return;
      const holders = await unit.trust.holders();
      const generation = generationAhead(trust, holders);
      if (generation === null) return;
      await unit.trust.put({ ...trust, generation });
      await unit.outbox.mark(holders.map(({ uid }) => uid));
      const detail = { from: trust.generation, to: generation };
      await unit.audit.append({
        at: this.clock.now(),
        actor: 'system',
        act: 'trust.catch-up',
        object: 'Trust',
        detail,
      });
      this.log.warn(detail, 'agents hold a later generation of whom to trust than the database, which was restored');
    });
  }

  /** Whether anything was to be done. */
  private async step(): Promise<boolean> {
    const shown = await this.shown();
    const changes = await this.store.transact(async (unit) => {
      const trust = await unit.trust.lock();
      if (trust === null) return null;
      const clusters = isMoving(trust) ? await unit.trust.holders() : [];
      const step = stepTrust(trust, { ...this.seenFrom(trust), shown, clusters });
      this.remember();
      if (canonicalJson(step.trust) === canonicalJson(trust)) return null;
      await unit.trust.put(step.trust);
      // Whoever is told something else, and whoever is signed to by another key.
      await unit.outbox.mark((await unit.trust.holders()).map(({ uid }) => uid));
      for (const { act, what, id } of step.changes) {
        await unit.audit.append({
          at: this.clock.now(),
          actor: 'system',
          act: ACTS[act],
          object: 'Trust',
          detail: { what, id, generation: step.trust.generation },
        });
      }
      return step.changes;
    });
    for (const { act, what, id } of changes ?? []) this.log.info({ act, what, id }, 'whom agents believe changes');
    return changes !== null;
  }

  /** What the bus shows is looked at only where something waits for it. */
  private async shown(): Promise<readonly string[] | null> {
    const trust = await this.store.read.trust.get();
    return trust?.authorities.some(({ state }) => state === 'old') ? await this.certificates.shown() : null;
  }

  private files(): { -readonly [Part in 'keys' | 'authorities' | 'outside']: TrustWorld[Part] } {
    const { signer, certificates } = this;
    return {
      keys: { ids: signer.keys().map(({ id }) => id), kept: signer.kept },
      authorities: certificates.authorities.map(({ id }) => id),
      outside: certificates.outsideDigest,
    };
  }

  private isOurs({ keys, authorities }: Trust): boolean {
    const { signer, certificates } = this;
    const has = (entries: readonly TrustEntry[], there: readonly { readonly id: string }[]): boolean =>
      entries.every(({ id, state }) => state !== 'current' || there.some((each) => each.id === id));
    return (
      (signer.kept === 'outside' || has(keys, signer.keys())) &&
      (certificates.authorities.length === 0 || has(authorities, certificates.authorities))
    );
  }

  /**
   * Of hubs on one database, one may have read a file that is kept for all of them before the other: what this one never had, it
   * does not withdraw, and what was said of authorities by the other stays until this one is told something else.
   */
  private seenFrom(trust: Trust): Pick<TrustWorld, 'keys' | 'authorities' | 'outside'> {
    const files = this.files();
    if (files.outside === this.outside) files.outside = trust.outside;
    if (files.keys.kept === 'hub') return files;
    const others = trust.keys.filter(({ id, state }) => state !== 'current' && !this.seen.has(id)).map(({ id }) => id);
    return { ...files, keys: { ...files.keys, ids: [...new Set([...files.keys.ids, ...others])] } };
  }

  private remember(): void {
    this.outside = this.certificates.outsideDigest;
    for (const { id } of this.signer.keys()) this.seen.add(id);
  }

  /** Files and servers as the database says: what is in force first, what was retired dropped, what is new left alone. */
  private async follow(trust: Trust): Promise<void> {
    const { keys, authorities } = this.files();
    await this.signer.rotation?.keep(inOrder(trust.keys, keys.ids));
    await this.certificates.keepAuthorities(inOrder(trust.authorities, authorities));
  }
}

function inOrder(entries: readonly TrustEntry[], there: readonly string[]): readonly string[] {
  const stateOf = new Map(entries.map(({ id, state }) => [id, state]));
  const kept = there.filter((id) => stateOf.get(id) !== 'gone');
  return [...kept.filter((id) => stateOf.get(id) === 'current'), ...kept.filter((id) => stateOf.get(id) !== 'current')];
}

function isMoving({ keys, authorities }: Trust): boolean {
  return [...keys, ...authorities].some(({ state }) => state === 'next');
}
