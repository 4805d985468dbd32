import { RejectedError, runMain } from '#kit';

/** Every benchmark by its name, loaded only when asked for. Each prints one JSON object as its last line. */
const BENCHES: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<object> }>>> = {
  agent: () => import('./agent.js'),
  apply: () => import('./apply.js'),
  corridor: () => import('./corridor.js'),
  engine: () => import('./engine.js'),
  page: () => import('./page.js'),
  render: () => import('./render.js'),
  trust: () => import('./trust.js'),
};

await runMain(async () => {
  const [name = '', ...args] = process.argv.slice(2);
  const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (!load) {
    throw new RejectedError(
      'bad-argument',
      `Usage: npm run bench -- NAME [OPTIONS], where NAME is ${Object.keys(BENCHES).join(', ')}.`,
    );
  }
  const figures = await (await load()).run(args);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
});
