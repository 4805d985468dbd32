import { Command } from 'commander';
import { FlotillaError, RejectedError } from '#kit';
import type { CliContext } from '../context.js';
import { contextNamed, readContexts, withoutContext, writeContexts, type HubContext } from '../contexts.js';
import type { AccessOptions } from '../hub-access.js';
import { HubClient } from '../hub-client.js';
import { examples } from '../program.js';

export function logout(context: CliContext): Command {
  return new Command('logout')
    .description(
      'End a sign-in at its hub and forget it. An API token is forgotten only: `flotilla token revoke` ends one.',
    )
    .argument('[context]', 'which; else the one in force')
    .addHelpText('after', examples([['flotilla logout', 'sign out where you signed in last']]))
    .action(async (asked: string | undefined, _options: object, command: Command) => {
      const contexts = readContexts(context.env);
      const { context: flag } = command.optsWithGlobals<AccessOptions>();
      const name = asked ?? flag ?? (context.env['FLOTILLA_CONTEXT'] || contexts.current);
      if (!name) throw new RejectedError('no-context', 'You are signed in nowhere: give the name of a context.');
      const found = contextNamed(contexts, name);
      const trouble = await end(found);
      await writeContexts(context.env, withoutContext(contexts, name));
      context.out(`Signed out of ${found.url} (${name}).\n`);
      if (trouble !== null) {
        context.error(
          `The hub could not be told: the session ends by itself at ${found.expiresAt ?? 'its time'}. ${trouble}\n`,
        );
      }
    });
}

/** Null: it is over. Else why the hub does not know. */
async function end({ name, url, ca, token }: HubContext): Promise<string | null> {
  if (!token.startsWith('fs_')) return null;
  const client = new HubClient({ url, ca, token, from: `the context ${name}` });
  try {
    await client.post('/api/v1/sessions/end');
    return null;
  } catch (error) {
    if (!(error instanceof FlotillaError)) throw error;
    return error.code === 'bad-credential' ? null : error.message;
  } finally {
    client.close();
  }
}
