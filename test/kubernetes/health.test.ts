import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { describeHealthSuite } from '../agent/health-suite.js';
import { Rig } from '../agent/rig.js';
import { openReal } from './open-real.js';

describeHealthSuite('a real control plane', openReal);

/** The simulated cluster has a controller that gives every ingress an address; a bare control plane has none. */
describe('ingresses that nobody looks after', () => {
  const withRig = async (work: (rig: Rig) => Promise<void>): Promise<void> => {
    const rig = await Rig.open(await openReal());
    try {
      await work(rig);
    } finally {
      await rig.close();
    }
  };

  it("waits for an ingress' address where its class' controller writes one, and nowhere else", () =>
    withRig(async (rig) => {
      const id = randomBytes(3).toString('hex');
      const classes = '/apis/networking.k8s.io/v1/ingressclasses';
      const giving = `nginx-${id}`;
      const other = `other-${id}`;
      const classOf = (named: string, controller: string): JsonObject => ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'IngressClass',
        metadata: { name: named },
        spec: { controller },
      });
      const ingress = (named: string, ingressClassName: string): JsonObject => ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: named },
        spec: { ingressClassName, defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
      });
      await rig.create(classes, classOf(giving, 'k8s.io/ingress-nginx'));
      await rig.create(classes, classOf(other, 'example.com/quiet'));
      try {
        await rig.start();
        const quiet = [ingress('b', other), ingress('c', `none-${id}`)];
        await rig.healthy(await rig.assign(quiet), 60_000);
        const assigned = await rig.assign([...quiet, ingress('a', giving)]);
        const report = await rig.hub.until(
          rig.application,
          (each) => each.generation === assigned.generation && each.findings[0]?.reason === 'NoAddress',
          60_000,
        );
        expect(report.findings).toMatchObject([{ kind: 'Ingress', name: 'a' }]);
        const path = `/apis/networking.k8s.io/v1/namespaces/${rig.cluster.namespace}/ingresses/a/status`;
        await rig.edit(path, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }, 'ingress-nginx');
        await rig.healthy(assigned, 60_000);
      } finally {
        await rig.remove(`${classes}/${giving}`);
        await rig.remove(`${classes}/${other}`);
      }
    }));
});
