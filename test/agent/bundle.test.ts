import { expect, it } from '@jest/globals';
import { build } from 'esbuild';

it('starts without CEL: what reads health rules is a part of its own, loaded with the first rule', async () => {
  const { metafile } = await build({
    entryPoints: { agent: 'apps/agent/src/main.ts' },
    outdir: 'dist/agent',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    conditions: ['source'],
    logLevel: 'silent',
  });
  const outputs = metafile.outputs;
  const atStart = new Set<string>();
  const visit = (file: string): void => {
    if (atStart.has(file)) return;
    atStart.add(file);
    for (const { path, kind } of outputs[file]?.imports ?? []) if (kind === 'import-statement') visit(path);
  };
  visit('dist/agent/agent.js');
  const has = (file: string, name: string): boolean =>
    Object.entries(outputs[file]?.inputs ?? {}).some(
      ([input, { bytesInOutput }]) => bytesInOutput > 0 && input.includes(name),
    );
  const holders = Object.keys(outputs).filter((file) => has(file, '@marcbachmann/cel-js'));
  expect(holders).toHaveLength(1);
  expect(holders.filter((file) => atStart.has(file))).toEqual([]);
  expect([...atStart].some((file) => has(file, 'health/assess-object.ts'))).toBe(true);
}, 60_000);
