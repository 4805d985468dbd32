import { Inject, Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import type { ReplayAnswer, RolloutView, TargetView } from '#contract';
import { coversPlacement, seesPair, type Scope, type TargetRow } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Page, Store } from '#ports';
import { stateAt, verifyRollout, type PastState } from '../history/replay-rollout.js';
import { CLOCK, STORE } from '../parts.js';
import { RolloutReader } from './rollout-reader.js';
import { iso } from './views/time.js';
import { targetView } from './views/rollout-view.js';

/** Past states that are remembered: whoever pages through one asks for it again and again. */
const REMEMBERED = 2;
/** A step that began so long ago is committed, or never will be. */
const SETTLED_MS = 60_000;
const DEFAULT_LIMIT = 100;
/** More than these wait for nobody's good. */
const MAX_WAITING = 20;

interface TargetQuery {
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
  readonly state?: string | undefined;
  readonly wave?: number | undefined;
  readonly scopes: readonly Scope[];
}

/** Shows rollouts as they were, by taking their logged steps again. */
@Injectable()
export class PastReader {
  /** A replay is work for the processor: one at a time, so that the hub's own work goes on beside it. */
  private readonly limit = pLimit(1);
  private readonly known = new Map<string, PastState>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly reader: RolloutReader,
  ) {}

  async rollout(id: string, text: string): Promise<RolloutView> {
    const { application, state, at } = await this.state(id, text);
    const { header } = state;
    if (!header.rollout) throw new Error('a state of a rollout has none');
    const found = { application, rollout: header.rollout, header, present: true };
    return { ...(await this.reader.view(found, { now: at, freeze: null })), at: iso(at) };
  }

  async targets(id: string, text: string, query: TargetQuery): Promise<Page<TargetView>> {
    const { application, state } = await this.state(id, text);
    const { rollout } = state.header;
    const rows = (await this.seen(application, state.rows, query.scopes))
      .filter((row) => row.rollout === rollout?.id)
      .filter((row) => query.state === undefined || row.state === query.state)
      .filter((row) => query.wave === undefined || row.wave === query.wave)
      .sort(compare);
    const from = offsetOf(query.after);
    const { limit = DEFAULT_LIMIT } = query;
    const items = rows.slice(from, from + limit).map((row) => targetView(row, rollout?.waves ?? []));
    return { items, ...(from + limit < rows.length && { next: `at-${from + limit}` }) };
  }

  /** By what the clusters are now: what they were then is not kept. */
  private async seen(
    application: string,
    rows: readonly TargetRow[],
    scopes: readonly Scope[],
  ): Promise<readonly TargetRow[]> {
    if (coversPlacement(scopes, application, null)) return rows;
    const joined = new Map((await this.store.read.clusters.joined()).map((cluster) => [cluster.uid, cluster]));
    const seen: TargetRow[] = [];
    for (const row of rows) {
      const cluster = joined.get(row.uid) ?? (await this.store.read.clusters.get(row.uid));
      if (cluster && seesPair(scopes, application, cluster)) seen.push(row);
    }
    return seen;
  }

  /** Whether the logged steps lead to what is stored. */
  async verify(id: string): Promise<ReplayAnswer> {
    const { rollout } = await this.reader.find(id);
    const { ok, steps, message } = await this.inTurn(() => verifyRollout(this.store, rollout.id));
    return { rollout: rollout.id, steps, ok, ...(!ok && { differs: message }) };
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.limit.pendingCount < MAX_WAITING) return this.limit(work);
    const message = `${MAX_WAITING} looks at the past wait for their turn on this hub: ask again when they have ended`;
    return Promise.reject(new RejectedError('busy', message, { status: 429 }));
  }

  private async state(
    id: string,
    text: string,
  ): Promise<{ readonly application: string; readonly state: PastState; readonly at: number }> {
    const at = Date.parse(text);
    if (at > this.clock.now()) throw invalid('at', 'is yet to come: give a time of the past');
    const { application, rollout } = await this.reader.find(id);
    const key = `${rollout.id} ${at}`;
    const state = await this.inTurn(async () => this.known.get(key) ?? stateAt(this.store, rollout.id, at));
    if (at > this.clock.now() - SETTLED_MS) return { application, state, at };
    this.known.delete(key);
    this.known.set(key, state);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= REMEMBERED) break;
      this.known.delete(oldest);
    }
    return { application, state, at };
  }
}

/** In wave and position order. */
function compare(a: TargetRow, b: TargetRow): number {
  return a.wave - b.wave || a.position - b.position || (a.uid < b.uid ? -1 : 1);
}

function offsetOf(after: string | undefined): number {
  if (after === undefined) return 0;
  const [, number] = /^at-(\d{1,9})$/.exec(after) ?? [];
  if (number === undefined) throw invalid('after', 'not a cursor of this list; take `next` of the page before');
  return Number(number);
}

function invalid(path: string, message: string): RejectedError {
  return new RejectedError('invalid', `${path}: ${message}`, { status: 400, fields: [{ path, message }] });
}
