import { describe, expect, it } from '@jest/globals';
import { refuseUndeclared } from './refuse-undeclared.js';

type Hook = (route: { readonly method: string | string[]; readonly url: string }) => void;

/** Adds a route as a server does that knows one of a controller's. */
function add(method: string | string[], url: string): void {
  const hooks: Hook[] = [];
  const server = { addHook: (_name: string, hook: Hook) => void hooks.push(hook) };
  refuseUndeclared(server as unknown as Parameters<typeof refuseUndeclared>[0], [
    { handler: 'Things.get', method: 'GET', path: '/things/:name', permission: 'viewer', target: 'anybody' },
  ]);
  for (const hook of hooks) hook({ method, url });
}

describe('a server with declared routes alone', () => {
  it('takes them, and answers HEAD as their GET', () => {
    expect(() => add('GET', '/things/:name')).not.toThrow();
    expect(() => add(['GET', 'HEAD'], '/things/:name')).not.toThrow();
  });

  it.each([
    ['POST', '/things/:name', 'POST /things/:name is a route that no controller declares'],
    ['GET', '/things', 'GET /things is'],
    ['HEAD', '/other', 'GET /other is'],
    [['GET', 'DELETE'], '/things/:name', 'DELETE /things/:name is'],
    ['GET', '*', 'GET * is'],
  ])('refuses %p %s', (method, url, message) => {
    expect(() => add(method, url)).toThrow(message);
  });
});
