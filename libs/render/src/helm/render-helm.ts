import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RejectedError } from '#kit';
import type { HelmInput, RenderOutput } from '#ports';
import type { Reads } from '../reads.js';
import { ProgramFailed, type RenderLimits } from '../run-program.js';
import { findOutsideSchemas } from './chart-schemas.js';
import { chartWordsOf, type ChartWords } from './chart-words.js';
import { completeChart } from './complete-chart.js';
import { helmSays, secretsOf, warningsOf } from './helm-says.js';
import { refuseLookups, toLookupError } from './lookups.js';
import type { Helm } from './open-helm.js';
import { leaveOutHooks, parsePrinted, type Printed } from './parse-printed.js';
import { twinOf, withLookupsRefused, writeChart } from './prepare-chart.js';
import { settleMadeUp } from './settle-made-up.js';
import { readValuesFiles, refuseEncrypted, type ValuesText } from './values-files.js';

export interface HelmRender {
  /** Real path of the exported commit. */
  readonly root: string;
  /** The chart's, below it. */
  readonly folder: string;
  readonly input: HelmInput;
  /** Where a folder for the render is made. */
  readonly scratchFolder: string;
  /** Gets what of the commit it depends on. */
  readonly reads: Reads;
}

interface Rendered {
  readonly printed: readonly Printed[];
  readonly warnings: readonly string[];
}

const maxWarnings = 20;

/**
 * Renders a chart with the real Helm, as `helm template` does.
 * @throws RejectedError as Renderer says; RetryableError `program-missing`
 */
export async function renderHelm(
  open: () => Promise<Helm>,
  { root, folder, input, scratchFolder, reads }: HelmRender,
  limits: RenderLimits,
): Promise<Omit<RenderOutput, 'reads'>> {
  const chart = await completeChart(root, folder, reads);
  const values = await readValuesFiles(root, input.valuesFiles, reads);
  const texts = [...values, ...ownValues(input)];
  const defaults = defaultsOf(chart.files, folder);
  for (const { text, name } of [...defaults, ...texts]) refuseEncrypted(text, name);
  const words = chartWordsOf(
    chart.files,
    [...defaults, ...texts].map(({ text }) => text.toString('utf8')),
  );
  refuseLookups(words, [...defaults, ...texts]);
  const outside = findOutsideSchemas(chart.files);
  // All that can be said without it was: Helm may have to be built.
  const helm = await open();

  const scratch = await mkdtemp(path.join(scratchFolder, 'flotilla-helm-'));
  try {
    const run = await prepareRun({ helm, limits, root, folder, input, scratch, texts, defaults, packed: chart.packed });
    let files = words.lookups.length > 0 ? withLookupsRefused(chart.files) : chart.files;
    if (outside.length > 0) {
      const left = new Map(files);
      for (const { file } of outside) left.delete(file);
      files = left;
    }
    // As it stands in the commit where nothing has to be otherwise.
    const asItIs = files === chart.files && !chart.wasCompleted;
    const first = await run(asItIs ? null : files, 'chart');
    const settled = await settleMadeUp(first.printed, input, {
      folder,
      twins: twinsOf(words, first.printed),
      renderTwin: async () => {
        const twin = twinOf(files);
        return (await run(twin === files && asItIs ? null : twin, twin === files ? 'chart' : 'twin')).printed;
      },
      renderAgain: async () => (await run(asItIs ? null : files, 'chart')).printed,
    });
    return {
      objects: settled.printed.map(({ object }) => object),
      tool: `helm ${helm.version}`,
      warnings: bounded([
        ...chart.warnings,
        ...outside.map(({ file, reference }) => schemaWarning(folder, file, reference)),
        ...first.warnings,
        ...settled.warnings,
      ]),
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Files = ReadonlyMap<string, Buffer>;

/** Writes the values once, and answers what renders a chart with them: the commit's own, or changed files in a folder of a name. */
async function prepareRun(what: {
  readonly helm: Helm;
  readonly limits: RenderLimits;
  readonly root: string;
  readonly folder: string;
  readonly input: HelmInput;
  readonly scratch: string;
  readonly texts: readonly ValuesText[];
  readonly defaults: readonly ValuesText[];
  readonly packed: ReadonlySet<string>;
}): Promise<(files: Files | null, name: string) => Promise<Rendered>> {
  const { helm, limits, root, folder, input, scratch, texts, defaults, packed } = what;
  const valuesFolder = path.join(scratch, 'values');
  await mkdir(valuesFolder);
  const places: Record<string, string> = {};
  const args = [
    'template',
    `--namespace=${input.namespace}`,
    `--kube-version=${versionOf(input.kubeVersion)}`,
    ...input.apiVersions.map((each) => `--api-versions=${each}`),
    ...(input.includeCrds ? ['--include-crds'] : []),
  ];
  for (const [index, { name, text }] of texts.entries()) {
    // Names of ours: Helm takes a comma for the end of a name, and some names for URLs.
    const file = path.join(valuesFolder, `${index}.yaml`);
    await writeFile(file, text, { mode: 0o600 });
    args.push(`--values=${file}`);
    places[file] = name;
  }
  for (const name of ['chart', 'twin']) places[path.join(scratch, name)] = folder;
  places[scratch] = 'the chart';
  places[root] = 'the repository';
  const saying = { places, secrets: secretsOf([...defaults, ...texts].map(({ text }) => text)) };
  const written = new Set<string>();

  return async (files, name) => {
    const where = files === null ? path.join(root, folder) : path.join(scratch, name);
    if (files !== null && !written.has(name)) {
      await writeChart({ files, packed }, where);
      written.add(name);
    }
    try {
      const { stdout, stderr } = await helm.program.run(folder, [...args, '--', input.releaseName, where], scratch);
      const { printed, warnings } = parsePrinted(stdout.toString('utf8'));
      const hooks = leaveOutHooks(printed);
      return { printed: hooks.kept, warnings: [...warningsOf(stderr), ...warnings, ...hooks.warnings] };
    } catch (error) {
      if (!(error instanceof ProgramFailed)) throw error;
      throw (
        toLookupError(error, folder) ??
        new RejectedError('helm-failed', `${folder}: ${helmSays(error, saying, limits.maxMemoryBytes)}.`)
      );
    }
  };
}

function twinsOf({ twins }: ChartWords, printed: readonly Printed[]): number {
  return printed.length === 0 ? 0 : twins;
}

function ownValues({ values }: HelmInput): readonly ValuesText[] {
  if (Object.keys(values).length === 0) return [];
  return [{ name: 'spec.helm.values', text: Buffer.from(JSON.stringify(values)) }];
}

/** The chart's own values and those of the charts in it. */
function defaultsOf(files: Files, folder: string): readonly ValuesText[] {
  return [...files]
    .filter(([file]) => /^(charts\/[^/]+\/)*values\.yaml$/.test(file))
    .map(([file, text]) => ({ name: folder === '.' ? file : `${folder}/${file}`, text }));
}

/** Charts compare whole versions; a minor alone is one of theirs without its last number. */
function versionOf(kubeVersion: string): string {
  return /^v?\d+\.\d+$/.test(kubeVersion) ? `${kubeVersion}.0` : kubeVersion;
}

function schemaWarning(folder: string, file: string, reference: string): string {
  return (
    `${folder}/${file} refers to ${JSON.stringify(reference.slice(0, 200))}, which is not fetched: ` +
    `values were not checked against this schema.`
  );
}

function bounded(warnings: readonly string[]): readonly string[] {
  const all = [...new Set(warnings)];
  if (all.length <= maxWarnings) return all;
  return [...all.slice(0, maxWarnings - 1), `There are ${all.length - maxWarnings + 1} more warnings.`];
}
