import { Inject, Injectable } from '@nestjs/common';
import type { TrustFinishRequest, TrustRotateRequest } from '#contract';
import type { Trust, TrustEntry } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Store } from '#ports';
import type { Caller } from '../http/access/permit.js';
import { audit } from '../http/audit.js';
import { CERTIFICATES, CLOCK, SIGNER, STORE } from '../parts.js';
import type { ManifestSigner } from '../steps/assign/manifest-signer.js';
import { Notary } from './notary.js';
import type { ServedCertificates } from './served-certificates.js';
import { isRotating } from './trust-reader.js';

/** Begins rotations, and lets them go on without whoever does not come back. All else follows from what is there. */
@Injectable()
export class Rotation {
  @Inject(CERTIFICATES) private readonly certificates!: ServedCertificates;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SIGNER) private readonly signer: ManifestSigner,
    private readonly notary: Notary,
  ) {}

  /**
   * Makes another key or authority; the keeper finds it and does the rest. Under the lock, so that two make one; a crash after
   * it was made and before the audit is written leaves one that is announced all the same, and told of there.
   * @throws RejectedError `kept-outside`, `rotating`, `no-private-ca` (409)
   */
  async begin({ what, reason }: TrustRotateRequest, caller: Caller): Promise<void> {
    await this.store.transact(async (unit) => {
      const trust = await unit.trust.lock();
      const { rotation } = this.signer;
      if (what === 'manifest-key' && rotation === null) {
        throw conflict(
          'kept-outside',
          'The keys that sign manifests are kept outside of the hub: add the new key after the others in that file or program, and agents are told of it; `flotilla trust` says when it may be put first',
        );
      }
      if (what === 'ca' && this.certificates.authorities.length === 0) {
        throw conflict(
          'no-private-ca',
          'Neither the API nor the bus shows a certificate of an authority of the hub: whoever runs those that sign them rotates them',
        );
      }
      const [lane, there] =
        what === 'ca'
          ? [trust?.authorities, this.certificates.authorities.length]
          : [trust?.keys, this.signer.keys().length];
      if (trust === null || there > 1 || lane?.some(({ state }) => state !== 'current')) {
        throw conflict('rotating', 'It is being rotated already: see `flotilla trust` for what it waits for');
      }
      const now = this.clock.now();
      const id = what === 'ca' ? (await this.certificates.addAuthority(now)).id : (await rotation?.add())?.id;
      await audit(unit, { now, caller }, 'trust.rotate', 'Trust', { reason, detail: { what, id: id ?? '' } });
    });
  }

  /**
   * Goes on without clusters; where the key in force is lost, with what the hub has in its place, which nobody believes yet.
   * @throws RejectedError `not-found` (404), `not-rotating` (409)
   */
  async finish({ without, reason }: TrustFinishRequest, caller: Caller): Promise<void> {
    await this.store.transact(async (unit) => {
      const trust = await unit.trust.lock();
      const isLost = trust !== null && this.lacksCurrent(trust);
      if (trust === null || !(isRotating(trust) || isLost)) throw conflict('not-rotating', 'Nothing is being rotated');
      const behind = (await unit.trust.holders()).filter(({ held }) => isLost || held !== trust.generation);
      const left = without === undefined ? behind : behind.filter(({ name }) => without.includes(name));
      const unknown = without?.find((name) => behind.every((each) => each.name !== name));
      if (unknown !== undefined) {
        throw new RejectedError('not-found', `Cluster "${unknown}" is not among those that are waited for`, {
          status: 404,
        });
      }
      const after = isLost && without === undefined ? this.anew(trust) : trust;
      await unit.trust.put({ ...after, without: [...new Set([...trust.without, ...left.map(({ uid }) => uid)])] });
      if (isLost) await unit.outbox.mark(behind.map(({ uid }) => uid));
      const detail = { without: left.map(({ name }) => name).slice(0, 1000), lost: isLost };
      await audit(unit, { now: this.clock.now(), caller }, 'trust.finish', 'Trust', { reason, detail });
    });
  }

  private lacksCurrent({ keys, authorities }: Trust): boolean {
    const there = new Set([...this.signer.keys(), ...this.certificates.authorities].map(({ id }) => id));
    const used = this.certificates.authorities.length === 0 ? keys : [...keys, ...authorities];
    return used.some(({ id, state }) => state === 'current' && !there.has(id));
  }

  /** What is there, as if it had never been otherwise, but for the generation. */
  private anew({ generation, without }: Trust): Trust {
    const next = generation + 1;
    const since = (entries: readonly TrustEntry[]): readonly TrustEntry[] =>
      entries.map((each) => ({ ...each, since: next }));
    const first = this.notary.first();
    return { ...first, generation: next, keys: since(first.keys), authorities: since(first.authorities), without };
  }
}

function conflict(code: string, message: string): RejectedError {
  return new RejectedError(code, message, { status: 409 });
}
