import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { RehearsalAnswer } from '#contract';
import { colourOf, onThemeChange } from '../theme.js';
import { StateShape } from '../ui/state-mark.js';
import { spanText } from '../ui/time.js';
import { percentText, stackedBins } from './rehearsal-figures.js';

const HEIGHT_PX = 240;

const [S, M, H, D] = [1000, 60_000, 3_600_000, 86_400_000];
/** Steps of the axis that people count time in. */
const INCREMENTS_MS = [
  ...[1, 10, 100, S, 2 * S, 5 * S, 10 * S, 20 * S, 30 * S, M, 2 * M, 5 * M, 10 * M, 20 * M, 30 * M],
  ...[H, 2 * H, 4 * H, 6 * H, 12 * H, D, 2 * D, 7 * D, 14 * D, 30 * D],
];

/** How long runs took, as bars in which each way to end has its colour. The table below says the same. */
export function RehearsalPlot({ answer }: { readonly answer: RehearsalAnswer }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    let plot = draw(element, answer);
    const again = (): void => {
      plot.destroy();
      plot = draw(element, answer);
    };
    const stop = onThemeChange(again);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    observer.observe(element);
    return () => {
      stop();
      observer.disconnect();
      plot.destroy();
    };
  }, [answer]);
  const { outcomes } = stackedBins(answer.histogram);
  const { p50, p99 } = answer.durationMs;
  return (
    <figure className="flex min-w-0 flex-col gap-2">
      <div
        ref={box}
        role="img"
        aria-label={`Distribution of how long ${answer.runs} runs took: half of them within ${spanText(p50)}, 99% within ${spanText(p99)}. The table of durations says the same.`}
        className="min-w-0 overflow-hidden"
        style={{ height: HEIGHT_PX }}
      />
      <figcaption className="flex flex-wrap gap-x-4 gap-y-1">
        {outcomes.map(({ name, words, state }) => (
          <span key={name} className="inline-flex items-center gap-1.5">
            <StateShape state={state} /> {words} {percentText(answer.outcomes[name] ?? 0, answer.runs)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function draw(element: HTMLElement, answer: RehearsalAnswer): uPlot {
  const { histogram, durationMs } = answer;
  const { at, outcomes, stacks } = stackedBins(histogram);
  const [text, line, strong] = [colourOf('muted'), colourOf('line'), colourOf('strong')];
  const from = histogram[0]?.fromMs ?? 0;
  const to = Math.max(histogram.at(-1)?.toMs ?? 1, from + 1);
  const bars = uPlot.paths.bars?.({ size: [0.92, 90] });
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT_PX,
      padding: [20, 12, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [from, to] }, y: { range: (_, __, max) => [0, Math.max(1, max)] } },
      axes: [
        {
          ...axis,
          space: 64,
          size: 36,
          incrs: INCREMENTS_MS,
          values: (_, splits) => splits.map((each) => spanText(each)),
        },
        {
          ...axis,
          size: 54,
          values: (_, splits) => splits.map((each) => (Number.isInteger(each) ? String(each) : '')),
        },
      ],
      // The highest stack first: those below are drawn over it.
      series: [
        {},
        ...[...outcomes].reverse().map(({ name, state }) => ({
          label: name,
          fill: colourOf(`state-${state}`),
          width: 0,
          points: { show: false },
          ...(bars && { paths: bars }),
        })),
      ],
      hooks: {
        draw: [
          (plot) => {
            mark(plot, durationMs.p50, { words: 'half', side: 'left', colour: strong });
            if (durationMs.p99 > durationMs.p50)
              mark(plot, durationMs.p99, { words: '99%', side: 'right', colour: strong });
          },
        ],
      },
    },
    [[...at], ...[...stacks].reverse().map((stack) => [...stack])],
    element,
  );
}

/** A line at a time by which so many runs are over, and above it how many, on that side where there is room. */
function mark(
  plot: uPlot,
  ms: number,
  { words, side, colour }: { readonly words: string; readonly side: 'left' | 'right'; readonly colour: string },
): void {
  const { ctx, bbox } = plot;
  const x = Math.round(plot.valToPos(ms, 'x', true));
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  const share = (x - bbox.left) / bbox.width;
  const isLeft = side === 'left' ? share > 0.12 : share > 0.88;
  ctx.textAlign = isLeft ? 'right' : 'left';
  ctx.textBaseline = 'bottom';
  ctx.font = `${12 * devicePixelRatio}px sans-serif`;
  ctx.fillText(words, x, bbox.top - 4 * devicePixelRatio);
  ctx.restore();
}
