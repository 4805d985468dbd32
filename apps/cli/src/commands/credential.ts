import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { messageOf, RejectedError } from '#kit';
import { withHub, type CliContext } from '../context.js';
import { credentials } from '../listings/credentials.js';
import { part } from '../listings/listing.js';
import { outputOption, reasonOption, watchOption } from '../options.js';
import { examples } from '../program.js';
import { showList, type ListOptions } from '../watch-list.js';

const MAX_FILE_BYTES = 64 * 1024;

export function credential(context: CliContext): Command {
  return new Command('credential')
    .description(
      'Let the hub in at private Git hosts. A credential is for one host; a source names it as spec.credential. What it holds is never shown again.',
    )
    .addHelpText(
      'after',
      examples([
        ['flotilla credential set github --host github.com --password-file token.txt', 'a token over HTTPS'],
        ['flotilla credential list', 'which are there, and what uses them?'],
      ]),
    )
    .addCommand(set(context))
    .addCommand(list(context))
    .addCommand(remove(context));
}

interface SetOptions {
  readonly host: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly caFile?: string;
  readonly sshKeyFile?: string;
  readonly knownHostsFile?: string;
  readonly reason?: string;
}

function set(context: CliContext): Command {
  return new Command('set')
    .description(
      'Make a credential, or replace what it holds. Secrets come from files or from standard input (-), never from the command line.',
    )
    .argument('<name>', 'what sources call it')
    .requiredOption('--host <host>', 'the one host that it is for, with its port where that is not the usual one')
    .option('--username <user>', 'over HTTPS; git unless told')
    .option('--password-file <file>', 'over HTTPS: a token or a password')
    .option('--ca-file <file>', 'over HTTPS: PEM of the authority that signed the certificate of the host')
    .option('--ssh-key-file <file>', 'over SSH: a private key without a passphrase')
    .option('--known-hosts-file <file>', "over SSH: the host's own keys, as ssh-keyscan prints them")
    .addOption(reasonOption())
    .addHelpText(
      'after',
      examples([
        ['pass github/token | flotilla credential set github --host github.com --password-file -', 'over HTTPS'],
        [
          'flotilla credential set lab --host git.lab:2222 --ssh-key-file id_ed25519 --known-hosts-file known_hosts',
          'over SSH',
        ],
      ]),
    )
    .action(async (name: string, options: SetOptions, command: Command) => {
      const body = await bodyOf(options, context);
      await withHub(command, context, (client) => client.put(`/api/v1/credentials/${part(name)}`, body));
      context.out(`credential/${name} set for ${options.host}; sources use it as spec.credential: ${name}\n`);
    });
}

async function bodyOf(options: SetOptions, context: CliContext): Promise<object> {
  const { host, username, passwordFile, caFile, sshKeyFile, knownHostsFile, reason } = options;
  const why = reason === undefined ? {} : { reason };
  const isSsh = sshKeyFile !== undefined || knownHostsFile !== undefined;
  if (isSsh && (username ?? passwordFile ?? caFile) !== undefined) {
    throw new RejectedError(
      'bad-option',
      'A credential is for HTTPS (--username, --password-file, --ca-file) or for SSH (--ssh-key-file, --known-hosts-file), not for both.',
    );
  }
  if (isSsh) {
    const privateKey = await secretOf(sshKeyFile, '--ssh-key-file', context);
    return {
      kind: 'ssh',
      host,
      privateKey,
      knownHosts: await secretOf(knownHostsFile, '--known-hosts-file', context),
      ...why,
    };
  }
  const password = (await secretOf(passwordFile, '--password-file', context)).replace(/\r?\n$/, '');
  const ca = caFile === undefined ? {} : { ca: await secretOf(caFile, '--ca-file', context) };
  return { kind: 'https', host, ...(username !== undefined && { username }), password, ...ca, ...why };
}

/** Never shown: an error names the file alone. */
async function secretOf(file: string | undefined, option: string, context: CliContext): Promise<string> {
  if (file === undefined) throw new RejectedError('bad-option', `Give ${option} a file, or - for standard input.`);
  if (file === '-') return await context.readStdin();
  try {
    const text = readFileSync(path.resolve(context.cwd, file), 'utf8');
    if (text.length <= MAX_FILE_BYTES) return text;
  } catch (error) {
    throw new RejectedError('bad-file', `${option}: ${file} can't be read: ${messageOf(error, 200)}`);
  }
  throw new RejectedError('bad-file', `${option}: ${file} has more than ${MAX_FILE_BYTES} bytes.`);
}

function list(context: CliContext): Command {
  return new Command('list')
    .description('List credentials: for which host, used by which sources. Never what they hold.')
    .addOption(outputOption())
    .addOption(watchOption())
    .addHelpText('after', examples([['flotilla credential list -o wide', 'who changed them, and when?']]))
    .action(async (options: ListOptions, command: Command) => {
      await withHub(command, context, (client) => showList(client, context, credentials, options));
    });
}

function remove(context: CliContext): Command {
  return new Command('delete')
    .description('Delete a credential that no source names any more.')
    .argument('<name>', 'name of the credential')
    .addHelpText('after', examples([['flotilla credential delete github', 'forget it']]))
    .action(async (name: string, _options: object, command: Command) => {
      await withHub(command, context, (client) => client.delete(`/api/v1/credentials/${part(name)}`));
      context.out(`credential/${name} deleted\n`);
    });
}
