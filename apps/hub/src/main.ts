#!/usr/bin/env node
import { configHelp, createLogger, onStopSignal, parseConfig, runMain } from '#kit';
import { hubConfigSchema } from './hub.config.js';
import {
  externalNatsConfiguration,
  natsConfigurationHelp,
  readNatsConfigurationArguments,
} from './installation/external-nats.js';
import { startHub } from './start-hub.js';

const HELP = `flotilla hub: assigns what Git says to clusters, in waves.

Usage: npm start [-- OPTION]

  --help                 this text
  --nats-configuration   prints the configuration of the nats-server, or of the three, that are to be NATS_URL, and ends

${natsConfigurationHelp}

Settings are environment variables:
${configHelp(hubConfigSchema)}
`;

await runMain(async () => {
  const [argument, ...more] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(HELP);
    return;
  }
  if (argument === '--nats-configuration') {
    const options = readNatsConfigurationArguments(more);
    process.stdout.write(await externalNatsConfiguration(parseConfig(hubConfigSchema, process.env), options));
    return;
  }
  if (argument !== undefined) {
    process.stderr.write(`Unknown argument ${argument}: settings are environment variables, see --help.\n`);
    process.exitCode = 1;
    return;
  }
  const config = parseConfig(hubConfigSchema, process.env);
  const log = createLogger({ level: config.logLevel });
  const stopping = new AbortController();
  const starting = startHub(config, log, stopping.signal);
  // From the first moment on: what a start that is interrupted has begun, nobody else would end.
  onStopSignal(
    async () => {
      stopping.abort();
      const hub = await starting.catch(() => null);
      await hub?.stop();
    },
    { onError: (error) => log.error({ err: error }, 'the hub did not stop cleanly') },
  );
  const hub = await starting.catch((error: unknown) => {
    if (stopping.signal.aborted) return null;
    throw error;
  });
  if (hub === null) return;
  log.info({ url: hub.url }, 'the hub is ready');
  // For whoever started it: one line on stdout, once it answers.
  process.stdout.write(`${JSON.stringify({ ready: true, url: hub.url })}\n`);
});
