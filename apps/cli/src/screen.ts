import type { CliContext } from './context.js';

/** Draws over what it drew before, line by line without flicker, cut to the terminal's height. */
export class Screen {
  private begun = false;

  constructor(private readonly context: Pick<CliContext, 'out' | 'rows'>) {}

  draw(text: string): void {
    // Long lines are cut by the terminal instead of wrapped: a wrapped line would move everything below it.
    const start = this.begun ? '\u001b[H' : '\u001b[?7l\u001b[H\u001b[2J';
    this.begun = true;
    const lines = text.replace(/\n$/, '').split('\n');
    const room = Math.max(3, this.context.rows() - 1);
    const shown =
      lines.length > room ? [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`] : lines;
    this.context.out(`${start}${shown.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
  }

  /** Leaves the last picture and the terminal as it was. */
  close(): void {
    if (this.begun) this.context.out('\u001b[?7h');
  }
}
