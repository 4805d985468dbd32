import type { ReactNode } from 'react';
import type { RehearsalAnswer } from '#contract';
import { Card } from '../ui/page.js';
import { spanText } from '../ui/time.js';
import { OUTCOMES, percentText, rangeText } from './rehearsal-figures.js';
import { RehearsalPlot } from './rehearsal-plot.js';

const count = (value: number): string => String(Math.round(value));

/** What became of the runs: the plot, the same as tables, what halts them, and what was taken for given. */
export function RehearsalResult({
  now,
  before,
  savedName,
}: {
  readonly now: RehearsalAnswer;
  /** Of the strategy as it is saved, with the same luck. */
  readonly before: RehearsalAnswer | undefined;
  readonly savedName: string;
}) {
  const both = before ? [now, before] : [now];
  const heads = before ? ['This text', `${savedName} as saved`] : ['Runs'];
  const outcomes = OUTCOMES.filter(({ name }) => both.some((each) => (each.outcomes[name] ?? 0) > 0));
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <p role="status" className="text-strong text-base">
        {summary(now)}
      </p>
      <div className={`grid min-w-0 grid-cols-1 gap-4 ${before ? 'xl:grid-cols-2' : ''}`}>
        {both.map((answer, index) => (
          <Card key={index} title={before ? heads[index] : 'How long it takes'}>
            <RehearsalPlot answer={answer} />
          </Card>
        ))}
      </div>
      <div className="grid min-w-0 grid-cols-1 items-start gap-4 lg:grid-cols-2">
        <Card title="How runs end">
          <Figures
            label="How runs end"
            heads={['', ...heads]}
            rows={[
              ...outcomes.map(({ name, words }) => [
                words,
                ...both.map(
                  (each) => `${each.outcomes[name] ?? 0} (${percentText(each.outcomes[name] ?? 0, each.runs)})`,
                ),
              ]),
              ['half of them within', ...both.map(({ durationMs }) => spanText(durationMs.p50))],
              ['90% within', ...both.map(({ durationMs }) => spanText(durationMs.p90))],
              ['99% within', ...both.map(({ durationMs }) => spanText(durationMs.p99))],
              ['clusters exposed when halted', ...both.map(({ exposed }) => rangeText(exposed, count))],
            ]}
          />
        </Card>
        <Card title="What halts it">
          {now.halts.length === 0 ? (
            <p>Nothing halted any run.</p>
          ) : (
            <Figures
              label="What halts it"
              heads={['Wave', 'Why', 'Runs']}
              rows={now.halts.map(({ wave, code, message, runs }) => [
                wave,
                <span key="why">
                  <code className="text-held">{code}</code> {message}
                </span>,
                `${runs} (${percentText(runs, now.runs)})`,
              ])}
            />
          )}
        </Card>
        <Card title="Waves">
          <Figures
            label="Waves"
            heads={['Wave', 'Clusters', 'Reached', 'Done after']}
            rows={now.waves.map(({ name, clusters, reached, doneMs }) => [
              name,
              String(clusters),
              percentText(reached, now.runs),
              rangeText(doneMs, spanText),
            ])}
          />
          {now.gates.length > 0 && (
            <Figures
              label="Gates"
              heads={['Gate', 'Wave', 'Waited for']}
              rows={now.gates.map(({ name, wave, when, waitedMs }) => [
                name,
                `${when} ${wave}`,
                rangeText(waitedMs, spanText),
              ])}
            />
          )}
        </Card>
        <Card title="Durations">
          <details>
            <summary className="text-muted min-h-8">The plot as a table</summary>
            <Figures
              label="Durations"
              heads={['From', 'To', 'Runs', 'How they ended']}
              rows={now.histogram
                .filter(({ runs }) => runs > 0)
                .map(({ fromMs, toMs, runs, outcomes: ended }) => [
                  spanText(fromMs),
                  spanText(toMs),
                  String(runs),
                  OUTCOMES.filter(({ name }) => (ended[name] ?? 0) > 0)
                    .map(({ name, words }) => `${ended[name] ?? 0} ${words}`)
                    .join(', '),
                ])}
            />
          </details>
          <ul className="text-muted list-disc pl-5">
            {[...now.assumptions, ...now.warnings].map((each) => (
              <li key={each} className="break-words">
                {each}
              </li>
            ))}
            <li>
              seed {now.seed}: the same again gives the same; it took the hub {spanText(now.tookMs)}
            </li>
          </ul>
        </Card>
      </div>
    </div>
  );
}

function summary({ runs, clusters, durationMs, outcomes }: RehearsalAnswer): string {
  const good = (outcomes['succeeded'] ?? 0) + (outcomes['succeededWithExceptions'] ?? 0);
  return `${percentText(good, runs)} of ${runs} runs over ${clusters} ${clusters === 1 ? 'cluster' : 'clusters'} succeed; half of all are over within ${spanText(durationMs.p50)}.`;
}

function Figures({
  label,
  heads,
  rows,
}: {
  readonly label: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly ReactNode[])[];
}) {
  return (
    <div className="max-h-96 overflow-auto" role="region" aria-label={label} tabIndex={0}>
      <table className="w-full text-left">
        <thead className="text-muted text-xs">
          <tr>
            {heads.map((head, index) =>
              head === '' ? (
                <td key={index} />
              ) : (
                <th key={index} scope="col" className="py-1 pr-4 font-medium">
                  {head}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...rest], index) => (
            <tr key={index} className="border-line border-t align-top">
              <th scope="row" className="text-strong py-1 pr-4 font-normal">
                {first}
              </th>
              {rest.map((cell, column) => (
                <td key={column} className="py-1 pr-4 tabular-nums">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
