import { X509Certificate } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { MAX_WAITING_SHOWN, type HoldView, type TrustView } from '#contract';
import { waitedFor, type Trust, type TrustEntry } from '#domain';
import { RetryableError } from '#kit';
import type { Clock, Store, TrustHolder } from '#ports';
import { iso } from '../http/views/time.js';
import { CERTIFICATES, CLOCK, SIGNER, STORE } from '../parts.js';
import type { ManifestSigner } from '../steps/assign/manifest-signer.js';
import type { ServedCertificates } from './served-certificates.js';

/** Names in a sentence. */
const MOST_NAMED = 5;

/** Tells what is in force, what is on its way, and whom it waits for. */
@Injectable()
export class TrustReader {
  /** When it was first asked about while it was so. */
  private wrongSince: number | null = null;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(SIGNER) private readonly signer: ManifestSigner,
    @Inject(CERTIFICATES) private readonly certificates: ServedCertificates,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async read(): Promise<TrustView> {
    const { trust: reader } = this.store.read;
    const trust = await reader.get();
    if (trust === null) throw new RetryableError('not-ready', 'The hub has not begun to sign yet');
    const holders = await reader.holders();
    const behind = holders.filter(({ held }) => held !== trust.generation);
    const left = new Set(trust.without);
    const first = [...behind.filter(({ uid }) => !left.has(uid)), ...behind.filter(({ uid }) => left.has(uid))];
    const unsigned = this.problem(trust);
    const problem = unsigned ?? this.lostAuthority(trust);
    return {
      generation: trust.generation,
      status: unsigned === null ? this.status(trust, holders) : `Nothing new goes out: ${unsigned}`,
      rotating: isRotating(trust),
      manifestKeys: trust.keys.map((entry) => ({ ...entry })),
      keptBy: this.signer.kept,
      ...(problem !== null && { problem }),
      authorities: trust.authorities.map((entry) => {
        const until = this.certificates.authorities.find(({ id }) => id === entry.id)?.until;
        return { ...entry, ...(until !== undefined && { until: iso(until) }) };
      }),
      certificateUntil: iso(Date.parse(new X509Certificate(this.certificates.own.certPem).validTo)),
      behind: first.slice(0, MAX_WAITING_SHOWN).map(({ name, online, seenAt, agentVersion, held }) => ({
        ...{ name, online, held },
        ...(seenAt !== null && { seenAt: iso(seenAt) }),
        ...(agentVersion !== null && { agentVersion }),
      })),
      behindCount: behind.length,
      without: holders.filter(({ uid }) => left.has(uid)).map(({ name }) => name),
    };
  }

  /** Why nothing new can go out to anybody; null: it can. */
  async hold(): Promise<HoldView | null> {
    const trust = await this.store.read.trust.get();
    const problem = trust === null ? null : this.problem(trust);
    if (problem === null) {
      this.wrongSince = null;
      return null;
    }
    this.wrongSince ??= this.clock.now();
    return {
      code: 'unsigned',
      message: `Nothing new goes out to any cluster: ${problem}`,
      since: iso(this.wrongSince),
    };
  }

  /** Why manifests are not signed, or not by another key; null: they are. */
  problem({ keys }: Trust): string | null {
    const { signer } = this;
    const current = keys.find(({ state }) => state === 'current')?.id;
    if (current !== undefined && signer.keys().every(({ id }) => id !== current)) {
      return `the key ${current}, which agents believe, is not among those that the hub can sign with (${
        signer
          .keys()
          .map(({ id }) => id)
          .join(', ') || 'none'
      }): put it back; or, where it is lost, \`flotilla trust finish --all\`, and join every cluster again`;
    }
    return signer.problem();
  }

  private lostAuthority({ authorities }: Trust): string | null {
    const there = this.certificates.authorities;
    const lost = authorities.find(({ id, state }) => state === 'current' && there.every((each) => each.id !== id));
    if (lost === undefined || there.length === 0) return null;
    return `the authority ${lost.id}, which agents trust, is not in tls/ca.pem of the data folder: put that folder back; or, where it is lost, \`flotilla trust finish --all\`, and join every cluster again`;
  }

  private status(trust: Trust, holders: readonly TrustHolder[]): string {
    const next = [...trust.keys, ...trust.authorities].filter(({ state }) => state === 'next');
    if (next.length > 0) {
      const waiting = waitedFor(trust, { clusters: holders }, Math.max(...next.map(({ since }) => since)));
      const what = next.map((entry) => titleOf(entry, trust)).join(' and ');
      if (waiting.length === 0) {
        return this.signer.kept === 'outside' && trust.keys.some(({ state }) => state === 'next')
          ? `Every cluster holds ${what}: put it first in the file or the program that signs, and it is used from then on`
          : `Every cluster holds ${what}: it is about to be used`;
      }
      return `${what} is told to agents and not used before the last of them holds it: waiting for ${namesOf(waiting, holders)}`;
    }
    const old = trust.authorities.filter(({ state }) => state === 'old');
    if (old.length > 0) {
      return `The bus still shows a certificate of ${old.map(({ id }) => `authority ${id}`).join(', ')}, or can't be looked at: servers of your own need tls/server.pem and tls/server-key.pem of the data folder, and a reload`;
    }
    const behind = waitedFor(trust, { clusters: holders }, trust.generation);
    const rest = behind.length === 0 ? '' : `; ${namesOf(behind, holders)} will hear of it`;
    return `Nothing is being rotated, generation ${trust.generation} is in force${rest}`;
  }
}

export function isRotating({ keys, authorities }: Trust): boolean {
  return [...keys, ...authorities].some(({ state }) => state === 'next' || state === 'old');
}

function titleOf({ id }: TrustEntry, { keys }: Trust): string {
  return keys.some((key) => key.id === id) ? `manifest key ${id}` : `authority ${id}`;
}

function namesOf(waiting: readonly { readonly uid: string }[], holders: readonly TrustHolder[]): string {
  const uids = new Set(waiting.map(({ uid }) => uid));
  const names = holders
    .filter(({ uid }) => uids.has(uid))
    .map(({ name, online }) => (online ? name : `${name} (offline)`));
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).join(', ')}${more}`;
}
