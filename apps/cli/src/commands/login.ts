import { Command } from 'commander';
import type { CliTokenAnswer, SignInMethods, Whoami } from '#contract';
import { FlotillaError, RejectedError } from '#kit';
import { waitForBrowser, type BrowserSignIn } from '../browser-sign-in.js';
import type { CliContext } from '../context.js';
import { contextNameSchema, readContexts, withContext, writeContexts, type HubContexts } from '../contexts.js';
import { findAccess, findHub, type Access, type AccessOptions } from '../hub-access.js';
import { HubClient } from '../hub-client.js';
import { examples } from '../program.js';

interface LoginOptions extends AccessOptions {
  readonly tokenStdin?: true;
  readonly name?: string;
  readonly browser: boolean;
}

/** What lets somebody in, and as whom. */
interface Credential {
  readonly token: string;
  readonly actor: string;
  readonly expiresAt: string | null;
}

export function login(context: CliContext): Command {
  return new Command('login')
    .description(
      'Sign in at a hub and remember it: in the browser at the identity provider, or with an API token. Later commands go there unless told otherwise.',
    )
    .argument('[url]', "the hub's address; else that of the context in force")
    .option('--sso', 'in the browser, which is what happens unless told otherwise')
    .option('--token-stdin', 'with an API token that is read from standard input')
    .option('--name <name>', 'what to call it; else the host')
    .option('--no-browser', 'only print the address to open, on this machine')
    .addHelpText(
      'after',
      examples([
        ['flotilla login https://hub.example:8443', 'in the browser'],
        ['flotilla login https://hub.example:8443 --ca hub-ca.pem', 'a hub with a CA of its own'],
        ['flotilla login --token-stdin --name ci < token.txt', 'a pipeline, at the hub of the context in force'],
      ]),
    )
    .action(async (url: string | undefined, _options: LoginOptions, command: Command) => {
      const options = command.optsWithGlobals<LoginOptions>();
      const flags = url === undefined ? options : { ...options, hub: url };
      const hub = findHub(flags, context.env, context.cwd);
      const name = options.name === undefined ? undefined : checkedName(options.name);
      const found = options.tokenStdin
        ? await byToken(hub, (await context.readStdin()).trim())
        : await inBrowser(context, hub, options.browser);
      await keep(context, { ...hub, ca: await presentCa(hub, found.token) }, found, name);
    });
}

function checkedName(name: string): string {
  const parsed = contextNameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new RejectedError('bad-name', `--name ${parsed.error.issues[0]?.message ?? ''}.`);
}

async function byToken(hub: Access, token: string): Promise<Credential> {
  if (token === '') throw new RejectedError('no-token', 'Standard input holds no token.');
  const client = new HubClient({ ...hub, token });
  try {
    const { actor } = await client.get<Whoami>('/api/v1/whoami');
    return { token, actor, expiresAt: null };
  } finally {
    client.close();
  }
}

const SIGN_IN_OFF =
  'This hub has no identity provider (FLOTILLA_OIDC_ISSUER): give an API token, by `flotilla login URL --token-stdin`.';

async function inBrowser(context: CliContext, hub: Access, mayOpen: boolean): Promise<Credential> {
  const client = new HubClient(hub);
  let waiting: BrowserSignIn | null = null;
  try {
    // Before anybody is sent anywhere: is it a hub, is it trusted, and does it let people sign in?
    const { oidc } = await client.get<SignInMethods>('/auth/methods');
    if (!oidc) throw new RejectedError('sign-in-off', SIGN_IN_OFF);
    waiting = await waitForBrowser(hub.url, context.interrupted());
    const isOpen = mayOpen && (await context.openBrowser(waiting.url));
    context.error(
      `${isOpen ? 'If the browser shows nothing, open' : 'Open in a browser on this machine'}:\n\n  ${waiting.url}\n\n`,
    );
    const code = await waiting.code;
    return await client.post<CliTokenAnswer>('/auth/token', { code, verifier: waiting.verifier });
  } finally {
    waiting?.close();
    client.close();
  }
}

async function keep(context: CliContext, hub: Access, found: Credential, asked: string | undefined): Promise<void> {
  const before = readContexts(context.env);
  const name = asked ?? nameFor(before, hub.url);
  const { token, actor, expiresAt } = found;
  const file = await writeContexts(
    context.env,
    withContext(before, { name, url: hub.url, ca: hub.ca, token, actor, expiresAt }),
  );
  const until = expiresAt === null ? '' : ` until ${expiresAt}`;
  context.out(`Signed in at ${hub.url} as ${actor}${until}: the context ${name}.\n`);
  const next = findAccess({}, context.env, context.cwd);
  if (next.token !== token) {
    context.error(
      `Commands in this folder go to ${next.url} (${next.from}): give --context ${name} to go there instead.\n`,
    );
  }
  const rights = await rightsOf({ ...hub, token });
  if (rights !== null) context.error(`${rights}\n`);
  context.error(`It is kept in ${file}; \`flotilla logout\` ends it.\n`);
}

/** The CAs that the hub names now: with the one that comes next, where they change. Told over a connection that is trusted already. */
async function presentCa(hub: Access, token: string): Promise<string> {
  if (hub.ca === '') return '';
  const client = new HubClient({ ...hub, token });
  try {
    const lines: string[] = [];
    for await (const line of client.lines('/api/v1/ca')) lines.push(line);
    return lines.includes('-----BEGIN CERTIFICATE-----') ? `${lines.join('\n')}\n` : hub.ca;
  } catch (error) {
    // A public CA's, or a proxy's, which that file of a person names.
    if (error instanceof FlotillaError) return hub.ca;
    throw error;
  } finally {
    client.close();
  }
}

/** Null: whoever signed in may do something. Else what the hub says of that. */
async function rightsOf(access: Access): Promise<string | null> {
  const client = new HubClient(access);
  try {
    await client.get<Whoami>('/api/v1/whoami');
    return null;
  } catch (error) {
    if (error instanceof FlotillaError && error.code === 'no-grant') return error.message;
    throw error;
  } finally {
    client.close();
  }
}

/** Of the same hub the name that it has; else its host, with the port where another hub has that name. */
function nameFor({ contexts }: HubContexts, address: string): string {
  const { origin, hostname, host } = new URL(address);
  const same = contexts.find(({ url }) => new URL(url).origin === origin);
  if (same !== undefined) return same.name;
  const asName = (text: string): string =>
    text
      .replace(/[^\w.-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 128) || 'hub';
  const short = asName(hostname);
  return contexts.some(({ name }) => name === short) ? asName(host) : short;
}
