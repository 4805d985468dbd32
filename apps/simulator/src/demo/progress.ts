/** Progress that a person can follow: a line a step, with the seconds that it took. On stderr: stdout is for answers. */
export class Progress {
  async step<T>(what: string, work: () => Promise<T>): Promise<T> {
    process.stderr.write(`· ${what} …\n`);
    const started = performance.now();
    const result = await work();
    process.stderr.write(`  done in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    return result;
  }

  lines(text: string): void {
    for (const line of text.trimEnd().split('\n')) process.stderr.write(`  ${line}\n`);
  }
}
