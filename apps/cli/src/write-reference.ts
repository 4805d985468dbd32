import { writeFileSync } from 'node:fs';
import { cliReference } from './cli-reference.js';
import { processContext } from './process-context.js';
import { buildProgram } from './program.js';

// `npm run docs:cli`: writes the page to the file that is named.
const [file] = process.argv.slice(2);
const text = cliReference(await buildProgram(processContext(), null));
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);
