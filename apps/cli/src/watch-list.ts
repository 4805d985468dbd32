import type { CliContext } from './context.js';
import { follow } from './follow.js';
import type { HubClient } from './hub-client.js';
import { plain, render, table, toYaml, type Output, type Shape } from './print.js';
import { Screen } from './screen.js';

export interface ListOptions {
  readonly output: Output;
  readonly watch?: boolean;
}

/** Shows a list until Ctrl-C: redrawn on a terminal; in a pipe first whole, then each item again when something about it changed. */
export async function watchList<T>(
  client: HubClient,
  context: CliContext,
  read: () => Promise<T[]>,
  how: { readonly shape: Shape<T>; readonly output: Output },
): Promise<void> {
  const signal = context.interrupted();
  const redraws = context.isTerminal && (how.output === 'table' || how.output === 'wide');
  const screen = new Screen(context);
  const changes = new Changes(how.shape, how.output);
  try {
    for await (const items of follow(client, context, read, { signal })) {
      if (redraws) screen.draw(render(items, how.output, how.shape, { colours: context.colours }));
      else context.out(changes.of(items));
    }
  } finally {
    screen.close();
  }
}

/** Prints a list of the hub's, or with `watch` goes on showing what changes in it. */
export async function showList<T>(
  client: HubClient,
  context: CliContext,
  shape: Shape<T> & { readonly list: (client: HubClient, filters: object) => Promise<T[]> },
  { output, watch }: ListOptions,
): Promise<void> {
  const read = (): Promise<T[]> => shape.list(client, {});
  if (watch) return watchList(client, context, read, { shape, output });
  context.out(render(await read(), output, shape, { colours: context.colours }));
}

/** What to print of each reading so that every change is told once. */
export class Changes<T> {
  private readonly known = new Map<string, string>();
  private readonly widths: number[] = [];
  private first = true;

  constructor(
    private readonly shape: Shape<T>,
    private readonly output: Output,
  ) {}

  of(items: readonly T[]): string {
    const changed = items.filter((item) => this.isNew(item));
    const names = new Set(items.map((item) => this.shape.name(item)));
    const gone = [...this.known.keys()].filter((name) => !names.has(name));
    for (const name of gone) this.known.delete(name);
    const text = this.append(changed);
    const tells = this.output === 'table' || this.output === 'wide';
    return text + (tells ? gone.map((name) => `${name} is gone\n`).join('') : '');
  }

  private isNew(item: T): boolean {
    const name = this.shape.name(item);
    // Ages and signs of life change all the time: only what does not tick counts.
    const face = JSON.stringify(this.shape.columns.filter(({ ticks }) => !ticks).map(({ text }) => plain(text(item))));
    const isNew = this.known.get(name) !== face;
    this.known.set(name, face);
    return isNew;
  }

  /** Items that were never told before, as they are. */
  append(items: readonly T[]): string {
    const text = this.print(items);
    this.first = false;
    return text;
  }

  private print(items: readonly T[]): string {
    const { shape, output } = this;
    if (typeof output !== 'string') return items.map((item) => `${output.print(shape.shown(item))}\n`).join('');
    switch (output) {
      case 'json':
        return items.map((item) => `${JSON.stringify(shape.shown(item))}\n`).join('');
      case 'yaml':
        return items.map((item) => `---\n${toYaml(shape.shown(item))}`).join('');
      case 'name':
        return items.map((item) => `${shape.name(item)}\n`).join('');
      case 'table':
      case 'wide':
        if (items.length === 0 && !this.first) return '';
        return table(items, shape.columns, {
          wide: output === 'wide',
          widths: this.widths,
          headings: this.first,
        });
    }
  }
}
