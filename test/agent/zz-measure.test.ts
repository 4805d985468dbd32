import { it } from '@jest/globals';
import { openFakeCluster } from '#kube/fake';
import { configMap, deployment, service } from './samples.js';
import { Rig } from './rig.js';

it('measures', async () => {
  const { cluster, kube } = openFakeCluster({ readyMs: 0 });
  for (const name of ['flotilla-system', 'shop'])
    await kube.request({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    });
  const rig = await Rig.open({
    kube,
    namespace: 'shop',
    agentNamespace: 'flotilla-system',
    application: 'shop',
    close: async () => cluster.close(),
  });
  const objs = (v: string) =>
    [...Array(6).keys()]
      .map((i) => configMap(`c${i}`, { v: i === 0 ? v : 'same' }))
      .concat([service('web'), service('api'), deployment('web', `registry.example/web:${v}`), deployment('api')]);
  await rig.start();
  const run = async (what: string, v: string) => {
    rig.kube.requests = [];
    const cpu = process.cpuUsage();
    const t = performance.now();
    const a = await rig.assign(objs(v));
    await rig.healthy(a);
    const ms = performance.now() - t;
    const c = process.cpuUsage(cpu);
    await new Promise((r) => setTimeout(r, 50));
    process.stderr.write(
      `${what}: ${ms.toFixed(1)} ms, cpu ${((c.user + c.system) / 1000).toFixed(1)} ms, ${rig.kube.requests.length} requests: ${rig.kube.requests.map((r) => r.method + (r.query?.['dryRun'] ? '?' : '') + ' ' + r.path.split('/').slice(-2).join('/')).join(', ')}\n`,
    );
  };
  await run('first', '1');
  await run('changed 2', '2');
  await run('unchanged', '2');
  for (let i = 3; i < 30; i++) {
    const t = performance.now();
    const a = await rig.assign(objs(String(i)));
    await rig.healthy(a);
    if (i > 24) process.stderr.write(`warm ${(performance.now() - t).toFixed(1)} ms\n`);
  }
  const cpu = process.cpuUsage();
  const t = performance.now();
  for (let i = 0; i < 100; i++) {
    const a = await rig.assign(objs(`x${i}`));
    await rig.healthy(a);
  }
  const c = process.cpuUsage(cpu);
  process.stderr.write(
    `100 rollouts: ${(performance.now() - t).toFixed(0)} ms, cpu ${((c.user + c.system) / 1000).toFixed(0)} ms\n`,
  );
  await rig.close();
}, 60000);
