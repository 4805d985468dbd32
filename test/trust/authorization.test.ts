import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { roleAllows } from '#domain';
import type { Problem } from '#contract';
import { hubRoutes } from '../../apps/hub/src/hub.module.js';
import type { TestApi } from '../helpers/test-api.js';
import { authorization } from './authorization.attempts.js';
import {
  ABSENT,
  aboutOf,
  addressOf,
  bodyOf,
  freshAddress,
  OUTCOMES,
  PUBLIC,
  RED,
  ROUTES,
  STREAMS,
  type About,
} from './authorization.routes.js';
import { AuthorizationScene, ROLES, SCOPES, type Answer, type ScopeName } from './authorization.scene.js';

const routes = Object.entries(ROUTES).map(([route, [role, about]]) => ({ route, role, about }));
const scopes = Object.keys(SCOPES) as ScopeName[];
/** On a machine with much else to do. */
const WITHIN_MS = 120_000;

describe('authorization', () => {
  let scene: AuthorizationScene;
  let expired: TestApi;
  let nobody: TestApi;

  beforeAll(async () => {
    scene = await AuthorizationScene.open();
    expired = scene.withToken(await scene.token('expired', 'admin', SCOPES.everything, Date.now() - 1000));
    nobody = scene.withToken('');
  }, 300_000);

  afterAll(() => scene?.close(), 60_000);

  const problem = ({ text }: Answer): Problem => JSON.parse(text) as Problem;

  /** The status alone: a stream has no end to wait for. */
  async function call(api: TestApi, route: string, address: string): Promise<Answer> {
    const [method = ''] = route.split(' ');
    if (!STREAMS.includes(route)) return scene.ask(api, method, address, bodyOf(route));
    let seen = false;
    await api.stream(address, {}, (chunk, close) => {
      seen = !chunk.includes('"status":');
      close();
    });
    return seen ? { status: 200, text: '' } : scene.ask(api, method, address);
  }

  it('is declared by every route that the hub has', () => {
    const declared = hubRoutes().map(({ method, path, permission, target }) => [
      `${method} ${path}`,
      target === null ? permission : [permission, aboutOf(target)],
    ]);
    const wanted = Object.entries({
      ...ROUTES,
      ...Object.fromEntries(Object.keys(PUBLIC).map((key) => [key, 'public'])),
    });
    expect(Object.fromEntries(declared)).toEqual(Object.fromEntries(wanted));
  });

  it('is declared by every route that the API describes', async () => {
    const { paths } = await scene.fleet.api.get<{ paths: Record<string, object> }>('/api/v1/openapi.json');
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const known = new Set([...Object.keys(ROUTES), ...Object.keys(PUBLIC)]);
    expect(described.filter((route) => !known.has(route))).toEqual([]);
  });

  describe.each(routes)('of $route', ({ route, role, about }) => {
    it(
      'is refused to who has no credential, or one that has expired',
      async () => {
        const address = addressOf(route, about, RED);
        for (const api of [nobody, expired]) {
          const answer = await call(api, route, address);
          expect([answer.status, problem(answer).code]).toEqual([401, expect.stringMatching(/^(no|bad)-credential$/)]);
          if (!route.startsWith('GET ')) continue;
          expect((await api.raw('HEAD', address)).status).toBe(401);
        }
      },
      WITHIN_MS,
    );

    it(
      'is refused to who lacks the role, wherever they have another',
      async () => {
        const address = addressOf(route, about, RED);
        for (const other of ROLES.filter((each) => !roleAllows(each, role))) {
          for (const scope of scopes) {
            const answer = await call(await scene.as(other, scope), route, address);
            expect([other, scope, answer.status, problem(answer).code]).toEqual([other, scope, 403, 'forbidden']);
          }
        }
      },
      WITHIN_MS,
    );

    it(
      'is given where the scope reaches, and nowhere else',
      async () => {
        const found: string[] = [];
        const wanted: string[] = [];
        for (const may of ROLES.filter((each) => roleAllows(each, role))) {
          for (const scope of scopes) {
            const address = (await freshAddress(scene, route)) ?? addressOf(route, about, RED);
            const answer = await call(await scene.as(may, scope), route, address);
            found.push(`${may}, ${scope}: ${outcomeOf(about, answer)}`);
            wanted.push(`${may}, ${scope}: ${OUTCOMES[about][scope]}`);
          }
        }
        expect(found).toEqual(wanted);
      },
      WITHIN_MS,
    );

    it(
      'is answered of what is not seen as of what is not there, byte for byte',
      async () => {
        const outcomes = OUTCOMES[about];
        for (const scope of scopes.filter((each) => outcomes[each] === 'unseen')) {
          for (const may of ROLES.filter((each) => roleAllows(each, role))) {
            const api = await scene.as(may, scope);
            const [unseen, absent] = await Promise.all(
              [RED, ABSENT].map((objects) => call(api, route, addressOf(route, about, objects))),
            );
            expect(unseen).toEqual({ status: 404, text: absent?.text.replaceAll('abs-', 'red-') });
          }
        }
      },
      WITHIN_MS,
    );
  });

  describe('holds against somebody who', () => {
    it.each(authorization.attempts)('$name', ({ run }) => run(scene), WITHIN_MS);
  });
});

function outcomeOf(about: About, { status, text }: Answer): string {
  if (status >= 500 && status !== 503) return `${status} ${text}`;
  if (status === 401) return `${status} ${text}`;
  const code = status >= 400 ? (JSON.parse(text) as Problem).code : '';
  if (status === 403) return { 'partly-in-scope': 'partly', 'out-of-scope': 'out' }[code] ?? `403 ${text}`;
  const isObject = !['hub', 'anybody', 'filtered'].includes(about);
  return status === 404 && isObject ? 'unseen' : 'in';
}
