#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { localAccessSchema } from '#contract';
import {
  createLogger,
  lockDataFolder,
  messageOf,
  onStopSignal,
  RejectedError,
  runMain,
  writeFileAtomically,
} from '#kit';

import { planClusters } from './plan-clusters.js';
import { simulate } from './simulate.js';
import { SimulatedFleet } from './simulated-fleet.js';
import { startSimulatorServer } from './simulator-server.js';

const HELP = `flotilla simulator: clusters without Kubernetes, each with a real agent, in one process.

Usage: node dist/apps/simulator/src/main.js --clusters 1000 --access .flotilla/hub/admin.json --label env=dev:1,staging:3,prod:16

  --clusters N         how many clusters (12)
  --access FILE        admin.json of the data folder of a hub on this machine, in place of the next three
  --hub URL            the hub that they join
  --ca FILE            PEM of the authority of the hub's certificate
  --token FILE         an admin's API token
  --label KEY=VALUES   a label of the clusters; several values with weights are spread: env=dev:1,prod:9. May be repeated
  --prefix NAME        what their names begin with (sim)
  --data FOLDER        where they are kept (.flotilla/simulator)
  --memory             keep them in memory alone
  --port N             port of their Kubernetes APIs on 127.0.0.1 (a free one)
  --ready-ms N         milliseconds until a workload is ready (300)
  --instant            agents verify and fetch, and report healthy without applying
  --verbose            the agents' own lines too

The data folder's control-token lets one in at /control on the printed URL: GET /control/clusters, and for each of them
GET access (its API's path and token), state, objects; POST offline, online, fault, heal.
An image's tag says what becomes of it: :bad is never pulled, :crash fails at once, :crash-after-30s later, :slow-20s starts late.
`;

await runMain(async () => {
  const { values } = parse();
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  const logger = createLogger({ level: values.verbose === true ? 'info' : 'warn' });
  const count = wholeNumber('--clusters', values.clusters ?? '12', 1, 10_000);
  const port = wholeNumber('--port', values.port ?? '0', 0, 65_535);
  const readyMs = wholeNumber('--ready-ms', values['ready-ms'] ?? '300', 0, 3_600_000);
  const hub = await readHub(values);
  const clusters = planClusters({
    count,
    labels: values.label ?? [],
    ...(values.prefix === undefined ? {} : { prefix: values.prefix }),
  });

  const data = values.memory === true ? undefined : resolve(values.data ?? '.flotilla/simulator');
  const lock = data === undefined ? undefined : await lockDataFolder(data, '--data');
  const fleet = await SimulatedFleet.open({
    readyMs,
    logger,
    ...(data === undefined ? {} : { folder: join(data, 'clusters') }),
  });
  const simulation = await simulate({
    fleet,
    clusters,
    hub,
    mode: values.instant === true ? 'instant' : 'apply',
    logger,
    onJoined: (joined, of) => progress(joined, of),
  });
  const controlToken = randomBytes(32).toString('base64url');
  const server = await startSimulatorServer({ fleet, port, controlToken, agents: simulation, logger });
  if (data !== undefined) {
    await writeFileAtomically(join(data, 'control-token'), `${controlToken}\n`);
  }
  onStopSignal(
    async () => {
      await simulation.stop();
      await server.close();
      await fleet.close();
      await lock?.release();
    },
    { onError: (error) => logger.error({ err: error }, 'the simulator did not stop cleanly') },
  );
  process.stdout.write(`${JSON.stringify({ ready: true, url: server.url, clusters: count, ...(data && { data }) })}\n`);
});

function parse() {
  try {
    return parseArgs({
      options: {
        clusters: { type: 'string' },
        access: { type: 'string' },
        hub: { type: 'string' },
        ca: { type: 'string' },
        token: { type: 'string' },
        label: { type: 'string', multiple: true },
        prefix: { type: 'string' },
        data: { type: 'string' },
        memory: { type: 'boolean' },
        port: { type: 'string' },
        'ready-ms': { type: 'string' },
        instant: { type: 'boolean' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new RejectedError('simulator-arguments', `${messageOf(error, 200)} See --help.`);
  }
}

interface HubOptions {
  readonly access?: string | undefined;
  readonly hub?: string | undefined;
  readonly ca?: string | undefined;
  readonly token?: string | undefined;
}

async function readHub(values: HubOptions): Promise<{ url: string; token: string; ca?: string }> {
  if (values.access !== undefined) {
    const access = localAccessSchema.safeParse(parseJson(await readFor('--access', values.access)));
    if (access.success) return access.data;
    throw new RejectedError('simulator-arguments', `${values.access} is not a hub's admin.json.`);
  }
  const url = given('--hub', values.hub);
  const token = (await readFor('--token', given('--token', values.token))).trim();
  return { url, token, ...(values.ca === undefined ? {} : { ca: await readFor('--ca', values.ca) }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function given(option: string, value: string | undefined): string {
  if (value === undefined) throw new RejectedError('simulator-arguments', `${option} is missing. See --help.`);
  return value;
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new RejectedError(
    'simulator-arguments',
    `${option} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}.`,
  );
}

async function readFor(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new RejectedError('simulator-arguments', `The file of ${option} can't be read: ${messageOf(error, 200)}`);
  }
}

function progress(joined: number, of: number): void {
  const step = Math.max(1, Math.floor(of / 20));
  if (joined % step === 0 || joined === of) process.stderr.write(`${joined} of ${of} clusters have joined\n`);
}
