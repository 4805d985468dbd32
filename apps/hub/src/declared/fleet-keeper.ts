import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { fieldErrorsText, FLEET_NAME, fleetSpecSchema, issueErrors, sourceSpecSchema } from '#contract';
import { canonicalJson, type Hold, type JsonObject } from '#domain';
import { messageOf, RejectedError, type Logger } from '#kit';
import type { Clock, Store, StoredResource } from '#ports';
import { audit } from '../http/audit.js';
import { CLOCK, LOGGER, SETTINGS, STORE, type HubSettings } from '../parts.js';
import { Serial } from '../steps/serial.js';
import { readApplied } from './declared-objects.js';
import { FleetPass } from './fleet-pass.js';

/** Something that was in the way may be mended at the hub, too: a commit that could not be applied is tried again then. */
const AGAIN_MS = 30_000;
/** A signal is a hint, and may be lost with a connection that nobody knows of yet. */
const LOOK_MS = 10_000;

/** Follows the commits of the source that declares the fleet: what can't be applied leaves all as it is, and is told. */
@Injectable()
export class FleetKeeper implements OnApplicationBootstrap, OnApplicationShutdown {
  @Inject(LOGGER) private readonly log!: Logger;
  private readonly serial = new Serial(() => this.run());
  private tried: { readonly what: string; readonly at: number } | null = null;
  private stopped = false;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: HubSettings,
    private readonly pass: FleetPass,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.begin();
    // A source that came to another commit, and a Fleet that was changed, are told by whichever hub wrote it.
    this.store.onSignal((signal) => {
      if (signal === 'resource') this.look();
    });
    this.look();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.serial.idle();
  }

  @Interval('fleet-files', LOOK_MS)
  look(): void {
    if (!this.stopped) this.serial.request();
  }

  /** What was in the way is in the way no more, or something else is. */
  async tell(holds: readonly Omit<Hold, 'since'>[]): Promise<void> {
    const fleet = await this.store.read.resources.get('Fleet', FLEET_NAME);
    if (!fleet) return;
    const before = (fleet.status['holds'] ?? []) as unknown as readonly Hold[];
    const now = this.clock.now();
    const told = holds.map((hold): Hold => {
      const old = before.find(({ code, message }) => code === hold.code && message === hold.message);
      return { ...hold, since: old?.since ?? now };
    });
    const { revision } = (await readApplied(this.store.read)) ?? {};
    const status = { ...(revision !== undefined && { revision }), holds: told } as unknown as JsonObject;
    if (canonicalJson(status) !== canonicalJson(fleet.status)) {
      await this.store.read.resources.setStatus('Fleet', FLEET_NAME, status);
    }
  }

  /** An empty hub that is told by its settings where its fleet is declared begins there; one that knows that is left alone. */
  private async begin(): Promise<void> {
    const { fleet } = this.settings;
    if (fleet === undefined) return;
    const { path, ...repository } = fleet;
    const { data: spec, error } = sourceSpecSchema.safeParse(repository);
    if (!spec) {
      const why = fieldErrorsText(issueErrors(error.issues, ['FLOTILLA_FLEET_SOURCE']));
      throw new RejectedError('config-invalid', `FLOTILLA_FLEET_SOURCE, _REF and _CREDENTIAL are no source: ${why}.`);
    }
    await this.store.transact(async (unit) => {
      if ((await unit.resources.list('Fleet')).length > 0) return;
      const now = this.clock.now();
      const declared = fleetSpecSchema.parse({ source: FLEET_NAME, path });
      const caller = { actor: 'system' };
      await unit.resources.put('Source', FLEET_NAME, spec, now);
      await unit.resources.put('Fleet', FLEET_NAME, declared, now);
      const reason = 'FLOTILLA_FLEET_SOURCE says so';
      await audit(unit, { now, caller }, 'apply', `Source/${FLEET_NAME}`, { reason });
      await audit(unit, { now, caller }, 'apply', `Fleet/${FLEET_NAME}`, { reason });
    });
  }

  private async run(): Promise<void> {
    try {
      const fleet = await this.store.read.resources.get('Fleet', FLEET_NAME);
      if (fleet && !this.stopped) await this.follow(fleet);
    } catch (error) {
      this.log.warn({ step: 'ingest', error: messageOf(error) }, 'the fleet in Git will be looked at again');
    }
  }

  private async follow(fleet: StoredResource): Promise<void> {
    const { source: name, apply } = fleetSpecSchema.parse(fleet.spec);
    const source = await this.store.read.resources.get('Source', name);
    const { revision } = (source?.status ?? {}) as { revision?: string };
    // Its own status tells why it can't be read; nothing is there to apply.
    if (!source || revision === undefined) return;
    const applied = await readApplied(this.store.read);
    const isApplied = applied?.revision === revision && applied.generation === fleet.generation;
    if (isApplied || apply === 'manual') {
      this.tried = null;
      // The commit that was in the way was taken back.
      const { holds } = fleet.status;
      return isApplied && Array.isArray(holds) && holds.length > 0 ? this.tell([]) : undefined;
    }
    const what = `${revision} ${fleet.generation}`;
    if (this.tried?.what === what && this.clock.monotonic() - this.tried.at < AGAIN_MS) return;
    this.tried = { what, at: this.clock.monotonic() };
    try {
      const wanted = await this.pass.read(fleet);
      const { after, plan } = await this.store.transact((unit) => this.pass.run(unit, wanted, { accept: false }));
      await after();
      await this.tell([]);
      const { changes } = plan;
      this.log.info({ step: 'ingest', revision, changes: changes.length }, 'the fleet is as Git declares it');
    } catch (error) {
      const code = error instanceof RejectedError ? error.code : 'fleet-unread';
      const message = messageOf(error, 2000).replace(/\.$/, '');
      await this.tell([{ code: code === 'fleet-deletions' ? 'deletions' : 'fleet', message }]);
      this.log.info({ step: 'ingest', revision, code, message }, 'the fleet in Git can not be applied');
    }
  }
}
