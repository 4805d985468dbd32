#!/usr/bin/env node
import { processContext } from './process-context.js';
import { runCli } from './run-cli.js';

const context = processContext();
await runCli(process.argv.slice(2), context);
process.exitCode = context.exitCode;
