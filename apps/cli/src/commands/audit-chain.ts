import { createReadStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Command, InvalidArgumentError } from 'commander';
import { type AuditView, auditViewSchema, toChainedEntry } from '#contract';
import { ChainVerifier } from '#domain';
import { messageOf, RejectedError } from '#kit';
import { withHub, type CliContext } from '../context.js';
import type { HubClient } from '../hub-client.js';
import { examples } from '../program.js';

const PAGE = 1000;

/** Every entry, oldest first; never more than a page of them in memory. */
async function* entriesOf(client: HubClient): AsyncGenerator<AuditView> {
  for (let after: string | undefined; ;) {
    const query = { order: 'oldest', limit: PAGE, after };
    const page = await client.get<{ items: AuditView[]; next?: string }>('/api/v1/audit', query);
    yield* page.items;
    if (page.next === undefined) return;
    after = page.next;
  }
}

export function exportAudit(context: CliContext): Command {
  return new Command('export')
    .description('Print every entry as JSON lines, oldest first, with the hashes that chain them.')
    .addHelpText('after', examples([['flotilla audit export > audit.jsonl', 'keep it where the hub cannot write']]))
    .action(async (_options: object, self: Command) => {
      await withHub(self, context, async (client) => {
        for await (const entry of entriesOf(client)) context.out(`${JSON.stringify(entry)}\n`);
      });
    });
}

export function verifyAudit(context: CliContext): Command {
  return new Command('verify')
    .description(
      'Make sure that no entry was changed, removed or put in: each holds the hash of the one before. Ends with 1 where one was.',
    )
    .option('-f, --filename <file>', 'what `audit export` printed, in place of what the hub has')
    .option('--known <hash>', 'a hash that an earlier verify printed: it must still be there', hash)
    .addHelpText(
      'after',
      examples([
        ['flotilla audit verify', 'is the audit whole?'],
        ['flotilla audit verify --known 4f1c…', 'nor was its end cut off since'],
        ['flotilla audit verify -f audit.jsonl', 'of a copy, without a hub'],
      ]),
    )
    .action(async ({ filename, known }: { filename?: string; known?: string }, self: Command) => {
      const verifier = new ChainVerifier(known);
      if (filename !== undefined) await verify(linesOf(path.resolve(context.cwd, filename)), verifier);
      else await withHub(self, context, (client) => verify(entriesOf(client), verifier));
      context.out(
        `audit whole: ${verifier.count} ${verifier.count === 1 ? 'entry' : 'entries'}; note down its head: ${verifier.head}\n`,
      );
    });
}

async function verify(entries: AsyncIterable<AuditView>, verifier: ChainVerifier): Promise<void> {
  for await (const entry of entries) throwFault(verifier.take(toChainedEntry(entry)));
  throwFault(verifier.end());
}

function throwFault(fault: ReturnType<ChainVerifier['take']>): void {
  if (fault === null) return;
  throw new RejectedError(
    'audit-broken',
    `The audit is not as it was written: ${fault.message}. Compare with a copy that "flotilla audit export" made earlier.`,
  );
}

async function* linesOf(file: string): AsyncGenerator<AuditView> {
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      number += 1;
      if (line !== '') yield auditViewSchema.parse(JSON.parse(line));
    }
  } catch (error) {
    if (error instanceof RejectedError) throw error;
    const where = number === 0 ? file : `${file}, line ${number}`;
    throw new RejectedError(
      'bad-audit-file',
      `${where}: not what "flotilla audit export" prints (${messageOf(error, 200)}).`,
    );
  }
}

function hash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a hash that `flotilla audit verify` printed: 64 hexadecimal digits.');
}
