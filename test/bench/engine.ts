import { parseArgs } from 'node:util';
import { RejectedError } from '#kit';
import { measureDatabase } from './engine-database.js';
import { measurePlan } from './engine-plan.js';
import { measureRehearsals } from './engine-rehearsals.js';
import { measureReports } from './engine-reports.js';
import { machine, say } from './machine.js';

const PARTS = {
  reports: measureReports,
  plan: measurePlan,
  rehearsals: measureRehearsals,
  database: measureDatabase,
} as const;
type Part = keyof typeof PARTS;

/** The rollout engine: what a report costs, in memory and through the database, what a plan costs, and a rehearsal. */
export async function run(args: readonly string[]): Promise<object> {
  const { values } = parseArgs({ args: [...args], options: { only: { type: 'string' } } });
  const names = (values.only?.split(',') ?? Object.keys(PARTS)) as readonly Part[];
  if (!names.every((name) => Object.hasOwn(PARTS, name))) {
    throw new RejectedError('bad-argument', `Usage: npm run bench -- engine [--only ${Object.keys(PARTS).join(',')}].`);
  }
  const figures: Record<string, object> = {};
  for (const name of names) {
    say(`measuring ${name}`);
    figures[name] = await PARTS[name]();
    say(JSON.stringify(figures[name]));
  }
  return { bench: 'engine', ...machine(), ...figures };
}
