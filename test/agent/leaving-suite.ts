import { describe, expect, it } from '@jest/globals';
import type { JsonObject, Withdrawal } from '#domain';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';
import { configMap, deployment, service } from './samples.js';

/** How an agent takes down all that it holds, on the one word that means it. */
export function describeLeavingSuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`leaving the fleet on ${name}`, () => {
    const withRig = rigOn(openCluster);
    const kept = (named: string): JsonObject => ({
      ...configMap(named, { left: 'alone' }),
      metadata: { name: named, annotations: { 'flotilla.dev/prune': 'disabled' } },
    });
    const path = (rig: Rig, named: string, plural = 'configmaps') =>
      `/api/v1/namespaces/${rig.cluster.namespace}/${plural}/${named}`;
    const deploymentPath = (rig: Rig) => `/apis/apps/v1/namespaces/${rig.cluster.namespace}/deployments/web`;

    /** The signed word, with what is named beside it. */
    async function sayGoodbye(rig: Rig): Promise<void> {
      rig.hub.sequence += 1;
      await rig.hub.put(rig.hub.sign(rig.hub.manifest({ withdraw: true })));
    }
    const lastWord = (rig: Rig): Withdrawal | undefined => rig.hub.heartbeats.at(-1)?.withdrawal;
    const told = (rig: Rig, isSo: (word: Withdrawal) => boolean): Promise<Withdrawal> =>
      rig.hub.eventually(
        () => {
          const word = lastWord(rig);
          return word !== undefined && isSo(word) ? word : undefined;
        },
        () => `last word: ${JSON.stringify(lastWord(rig))}`,
        60_000,
      );
    const done = (rig: Rig): Promise<Withdrawal> => told(rig, (word) => word.done);

    it(
      'deletes all that it applied, named or not, lets be what asks for it, and tells of both',
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(
            await rig.assign([deployment('web'), service('web'), configMap('settings'), kept('data')]),
            60_000,
          );
          const other = `${rig.application}-other`;
          const terms = { namespace: rig.cluster.namespace };
          const assigned = await rig.hub.assign(other, [configMap('other')], terms);
          await rig.hub.until(other, (each) => each.generation === assigned.generation && each.phase === 'healthy');
          // No manifest names it any more: it stays, until all is to go.
          await rig.hub.forget(other);
          await rig.hub.stage(rig.application, null, terms);
          expect(rig.hub.heartbeats.at(-1)?.withdrawal).toBeUndefined();
          await rig.create(`/api/v1/namespaces/${rig.cluster.namespace}/configmaps`, configMap('somebodys'));
          await sayGoodbye(rig);
          expect(await done(rig)).toEqual({
            done: true,
            left: 0,
            kept: 1,
            names: [`ConfigMap ${rig.cluster.namespace}/data`],
          });
          for (const gone of ['settings', 'other']) expect(await rig.get(path(rig, gone))).toBeNull();
          expect(await rig.get(path(rig, 'web', 'services'))).toBeNull();
          expect(await rig.get(deploymentPath(rig))).toBeNull();
          for (const stays of ['data', 'somebodys']) expect(await rig.get(path(rig, stays))).not.toBeNull();
        }),
      120_000,
    );

    it(
      'deletes nothing for a manifest that names nothing, nor for one whose signature is another’s',
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(await rig.assign([configMap('settings')]));
          rig.hub.sequence += 1;
          const forged = rig.hub.sign(rig.hub.manifest({ withdraw: true }));
          await rig.hub.put({ ...forged, payload: forged.payload.replace('"withdraw":true', '"withdraw":true ') });
          await rig.hub.eventually(
            () => (rig.log.some((line) => line.includes('a manifest was refused')) ? true : undefined),
            () => 'not refused',
          );
          await rig.hub.forget(rig.application);
          await rig.hub.eventually(
            () => (rig.log.some((line) => line.includes('no longer in the manifest')) ? true : undefined),
            () => 'not let go',
          );
          expect(await rig.get(path(rig, 'settings'))).not.toBeNull();
          expect(lastWord(rig)).toBeUndefined();
        }),
      60_000,
    );

    it(
      'goes on after a restart with the hub away, with what it had begun',
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(await rig.assign([configMap('settings'), configMap('more')]));
          await rig.hub.forget(rig.application);
          const refusal = {
            status: 403,
            body: { kind: 'Status', status: 'Failure', reason: 'Forbidden', message: 'not now', code: 403 },
          };
          rig.kube.intercept = ({ method, path: at }) =>
            method === 'DELETE' && at === path(rig, 'settings') ? refusal : null;
          await sayGoodbye(rig);
          await told(rig, ({ done: isDone, left }) => !isDone && left === 1);
          expect(lastWord(rig)?.message).toMatch(/settings/);
          await rig.stop();
          rig.kube.intercept = () => null;
          rig.bus.stop();
          await rig.start();
          await rig.live(path(rig, 'settings'), (live) => live === null, 30_000);
        }),
      120_000,
    );

    it(
      'lets a namespace be that holds what is to stay, and takes one along that does not',
      () =>
        withRig(async (rig) => {
          const named = `${rig.cluster.namespace}-own`;
          const empty = `${rig.cluster.namespace}-empty`;
          const namespace = (each: string): JsonObject => ({
            apiVersion: 'v1',
            kind: 'Namespace',
            metadata: { name: each },
          });
          const within = (object: JsonObject, each: string): JsonObject => ({
            ...object,
            metadata: { ...(object['metadata'] as JsonObject), namespace: each },
          });
          await rig.start();
          await rig.healthy(
            await rig.assign([
              namespace(named),
              namespace(empty),
              within(kept('data'), named),
              within(configMap('goes'), named),
              within(configMap('goes'), empty),
            ]),
            60_000,
          );
          await sayGoodbye(rig);
          const word = await done(rig);
          expect(word.names).toEqual([
            `ConfigMap ${named}/data`,
            `Namespace ${named}, which holds ConfigMap ${named}/data`,
          ]);
          expect(await rig.get(`/api/v1/namespaces/${named}/configmaps/data`)).not.toBeNull();
          expect(await rig.get(`/api/v1/namespaces/${named}/configmaps/goes`)).toBeNull();
          await rig.live(
            `/api/v1/namespaces/${empty}`,
            (live) => live === null || (live['status'] as JsonObject)['phase'] === 'Terminating',
          );
          await rig.remove(`/api/v1/namespaces/${named}`);
        }),
      120_000,
    );
  });
}
