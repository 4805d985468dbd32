import https from 'node:https';

export interface Page {
  readonly status: number;
  readonly url: string;
  readonly text: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

interface Visit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a form; a text is sent as it is. */
  readonly body?: Readonly<Record<string, string>> | string;
  /** Follows redirects until they lead out of TLS; 10 at most. */
  readonly follow?: boolean;
}

/** As much of a browser as a sign-in needs: cookies by host and port, redirects, forms. */
export class TestBrowser {
  /** Values of cookies by origin and name, as they were set. */
  readonly cookies = new Map<string, Map<string, string>>();
  /** Attributes of each cookie as the server wrote them. */
  readonly written: string[] = [];
  private readonly agent: https.Agent;

  /** @param always headers of every request */
  constructor(
    caPem: string,
    private readonly always: Readonly<Record<string, string>> = {},
  ) {
    this.agent = new https.Agent({ keepAlive: true, ca: caPem });
  }

  close(): void {
    this.agent.destroy();
  }

  cookie(origin: string, name: string): string | undefined {
    return this.cookies.get(origin)?.get(name);
  }

  setCookie(origin: string, name: string, value: string | null): void {
    const jar = this.cookies.get(origin) ?? new Map<string, string>();
    if (value === null) jar.delete(name);
    else jar.set(name, value);
    this.cookies.set(origin, jar);
  }

  async visit(address: string, { method = 'GET', headers = {}, body, follow = true }: Visit = {}): Promise<Page> {
    let page = await this.ask(address, method, headers, body);
    for (let hops = 0; follow && page.status >= 300 && page.status < 400 && hops < 10; hops += 1) {
      const next = new URL(String(page.headers['location']), page.url);
      if (next.protocol !== 'https:') return page;
      page = await this.ask(next.href, 'GET', {}, undefined);
    }
    return page;
  }

  private ask(
    address: string,
    method: string,
    headers: Readonly<Record<string, string>>,
    body: Visit['body'],
  ): Promise<Page> {
    const url = new URL(address);
    const jar = [...(this.cookies.get(url.origin) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
    const text = body === undefined || typeof body === 'string' ? body : new URLSearchParams(body).toString();
    return new Promise((resolve, reject) => {
      const request = https.request(url, {
        method,
        agent: this.agent,
        headers: {
          ...this.always,
          ...(jar !== '' && { cookie: jar }),
          ...(typeof body === 'object' && { 'content-type': 'application/x-www-form-urlencoded' }),
          ...headers,
        },
      });
      request.once('error', reject);
      request.once('response', (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (answer += chunk));
        response.once('error', reject);
        response.once('end', () => {
          for (const line of response.headers['set-cookie'] ?? []) this.take(url.origin, line);
          resolve({ status: response.statusCode ?? 0, url: url.href, text: answer, headers: response.headers });
        });
      });
      request.end(text);
    });
  }

  private take(origin: string, line: string): void {
    this.written.push(line);
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    const isGone = /max-age=0\b/i.test(line) || /expires=Thu, 01 Jan 1970/i.test(line);
    this.setCookie(origin, pair.slice(0, at), isGone ? null : pair.slice(at + 1));
  }
}

/**
 * Signs somebody in at the identity provider's own pages, beginning at an address that leads there. Answers the first page that is not
 * the provider's: what the hub made of it, or the redirect that leaves TLS.
 */
export async function signInAt(browser: TestBrowser, issuer: string, begin: string, login: string): Promise<Page> {
  let page = await browser.visit(begin);
  for (let step = 0; page.url.startsWith(issuer) && page.status === 200 && step < 5; step += 1) {
    const action = /action="([^"]+)"/.exec(page.text)?.[1];
    const prompt = /name="prompt" value="([^"]+)"/.exec(page.text)?.[1];
    if (action === undefined || prompt === undefined) return page;
    page = await browser.visit(new URL(action, page.url).href, {
      method: 'POST',
      body: { prompt, ...(prompt === 'login' && { login, password: 'any' }) },
    });
  }
  return page;
}
