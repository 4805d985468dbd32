import type { GateView, PlannedClusterView, PlannedWaveView, PlanView } from '#contract';
import { section } from './describe/sections.js';
import { holdLines } from './hold-lines.js';
import { counted, plain, shortRevision, table, type Column } from './print.js';

/** So many names of a wave are told, unless all are asked for. */
const NAMES = 8;

const waveColumns: readonly Column<PlannedWaveView>[] = [
  { heading: 'WAVE', text: ({ name }) => name },
  { heading: 'CLUSTERS', text: ({ total }) => String(total) },
  {
    heading: 'CHANGED',
    text: ({ clusters }) => String(clusters.filter(({ change }) => change !== 'unchanged').length),
  },
  { heading: 'AT ONCE', text: ({ maxConcurrency }) => String(maxConcurrency) },
  { heading: 'MAY FAIL', text: ({ maxFailures }) => String(maxFailures) },
  { heading: 'MAY BE AWAY', text: ({ maxUnreachable }) => String(maxUnreachable) },
  { heading: 'HEALTHY FOR', text: ({ healthyFor }) => healthyFor },
  { heading: 'SOAK', text: ({ soak }) => soak },
  { heading: 'BUNDLES', text: ({ clusters }) => String(new Set(clusters.map(({ digest }) => digest)).size) },
];

type Bundle = PlanView['bundles'][number];

const bundleColumns: readonly Column<Bundle>[] = [
  { heading: 'BUNDLE', text: ({ digest }) => digest.slice(0, 12) },
  { heading: 'CLUSTERS', text: ({ clusters }) => String(clusters) },
  { heading: 'OBJECTS', text: ({ objects }) => String(objects) },
  { heading: 'OVERLAYS', text: ({ overlays }) => overlays.join(', ') },
  { heading: 'SHARED BY', text: ({ names, clusters }) => namesText(names, clusters) },
];

/** A plan as a person reads it before saying yes. */
export function planText(view: PlanView, options: { readonly colours: boolean; readonly all: boolean }): string {
  const { colours, all } = options;
  const revision = shortRevision(view.revision);
  return [
    `${view.application}: release ${view.release} (${revision}) by strategy ${view.strategy} to ${counted(view.total, 'cluster')}\n`,
    `Plan ${view.digest}\n`,
    runningText(view),
    '\n',
    table(view.waves, waveColumns, { colours }),
    ...view.waves.map((wave) => waveText(wave, all)),
    '\n',
    table(view.bundles, bundleColumns, { colours }),
    section('Deletes', view.drops.map(dropText)),
    section('Warnings', view.warnings.map(plain)),
    section('It would wait because', holdLines(view.holds)),
    `\nRoll it out so and not otherwise: flotilla rollout start ${view.application} --release ${view.release} --plan ${view.digest}\n`,
  ].join('');
}

function runningText({ running, freeze }: PlanView): string {
  const frozen = freeze === undefined ? '' : `The fleet is frozen by ${freeze.by}: ${plain(freeze.reason)}\n`;
  if (running === undefined) return frozen;
  switch (running.then) {
    case 'supersedes':
      return `${frozen}It would supersede ${running.rollout}, which runs.\n`;
    case 'queued':
      return `${frozen}It would wait for ${running.rollout} to end.\n`;
    case 'refused':
      return `${frozen}It would be refused while ${running.rollout} stands as it does.\n`;
  }
}

function waveText({ name, gates, windows, clusters }: PlannedWaveView, all: boolean): string {
  const lines = [
    ...gates.map((gate) => `${gate.when}: ${gateWish(gate)}`),
    ...windows.map(({ cron, duration, timeZone }) => `assigns only for ${duration} from "${cron}" ${timeZone}`),
    ...(all ? clusters.map(clusterText) : [namesText(clusters.slice(0, NAMES).map(clusterText), clusters.length)]),
  ].filter((line) => line !== '');
  return section(`Wave ${name}`, lines.map(plain));
}

function clusterText({ cluster, change, status, dropped, healthBefore }: PlannedClusterView): string {
  const notes = [
    change === 'changed' ? '' : change,
    status ?? '',
    healthBefore === undefined ? '' : `${healthBefore} before`,
    dropped === undefined ? '' : `deletes ${dropped}`,
  ].filter((note) => note !== '');
  return notes.length === 0 ? cluster : `${cluster} (${notes.join(', ')})`;
}

/** What opens a gate. */
export function gateWish({ name, wants }: Pick<GateView, 'name' | 'wants'>): string {
  return `gate ${name}: ${wants}`;
}

function dropText({ dropped, of, clusters, objects }: PlanView['drops'][number]): string {
  const where = clusters === undefined ? '' : ` on ${counted(clusters, 'cluster')}`;
  return plain(`${dropped} of ${counted(of, 'object')}${where}: ${namesText(objects, dropped)}`);
}

/** Names, and how many there are beyond them. */
function namesText(names: readonly string[], total: number): string {
  const more = total - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
