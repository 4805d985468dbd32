import https from 'node:https';
import type { LocalAccess, Problem } from '#contract';

/** A problem that the API answered, as an error with its fields. */
export class ApiProblem extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
  }
}

/** The hub's API for tests. */
export class TestApi {
  private readonly agent: https.Agent;

  constructor(private readonly access: LocalAccess) {
    this.agent = new https.Agent({ keepAlive: true, ca: access.ca });
  }

  /** The same hub as somebody else, or as nobody. */
  as(token: string): TestApi {
    return new TestApi({ ...this.access, token });
  }

  get<T>(route: string): Promise<T> {
    return this.call('GET', route);
  }

  post<T>(route: string, body: object = {}, headers: Record<string, string> = {}): Promise<T> {
    return this.call('POST', route, body, headers);
  }

  put<T>(route: string, body: object): Promise<T> {
    return this.call('PUT', route, body);
  }

  patch<T>(route: string, body: object): Promise<T> {
    return this.call('PATCH', route, body);
  }

  delete(route: string): Promise<void> {
    return this.call('DELETE', route);
  }

  close(): void {
    this.agent.destroy();
  }

  /** The answer's text, whatever its status. */
  raw(
    method: string,
    route: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }> {
    return new Promise((resolve, reject) => {
      const request = https.request(new URL(route, this.access.url), {
        method,
        agent: this.agent,
        headers: {
          ...(this.access.token && { authorization: `Bearer ${this.access.token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
      });
      request.once('error', reject);
      request.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
      });
      request.end(body);
    });
  }

  /** Reads a streamed answer; resolves when it has ended or `take` has closed it. */
  stream(
    route: string,
    headers: Record<string, string>,
    take: (chunk: string, close: () => void) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = https.request(new URL(route, this.access.url), {
        agent: this.agent,
        headers: { authorization: `Bearer ${this.access.token}`, accept: 'text/event-stream', ...headers },
      });
      let closed = false;
      request.once('error', (error) => (closed ? resolve() : reject(error)));
      request.once('response', (response) => {
        response.setEncoding('utf8');
        response.on('error', (error) => (closed ? resolve() : reject(error)));
        response.once('end', resolve);
        response.on('data', (chunk: string) =>
          take(chunk, () => {
            closed = true;
            request.destroy();
          }),
        );
      });
      request.end();
    });
  }

  /** A stream that nobody reads before `read` is called. */
  slowStream(route: string): { opened: Promise<void>; read(): void; text(): string; close(): void } {
    let text = '';
    let read: () => void = () => undefined;
    const request = https.request(new URL(route, this.access.url), {
      agent: this.agent,
      headers: { authorization: `Bearer ${this.access.token}`, accept: 'text/event-stream' },
    });
    // That it is closed is what is wanted in the end.
    request.on('error', () => undefined);
    const opened = new Promise<void>((resolve) => {
      request.once('response', (response) => {
        response.pause();
        response.on('error', () => undefined);
        read = () =>
          void response
            .setEncoding('utf8')
            .on('data', (chunk: string) => (text += chunk))
            .resume();
        resolve();
      });
    });
    request.end();
    return { opened, read: () => read(), text: () => text, close: () => void request.destroy() };
  }

  private async call<T>(
    method: string,
    route: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const { status, text } = await this.raw(
      method,
      route,
      body === undefined ? undefined : JSON.stringify(body),
      headers,
    );
    const json: unknown = text === '' ? undefined : JSON.parse(text);
    if (status >= 400) throw new ApiProblem(json as Problem);
    return json as T;
  }
}
