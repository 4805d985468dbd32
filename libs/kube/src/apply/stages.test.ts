import { describe, expect, it } from '@jest/globals';
import { compareForDeletion, planStages } from './stages.js';

const item = (apiVersion: string, kind: string, name = 'x', wave?: string) => ({
  object: {
    apiVersion,
    kind,
    metadata: { name, ...(wave !== undefined && { annotations: { 'flotilla.dev/sync-wave': wave } }) },
  },
});
const kinds = (items: ReturnType<typeof item>[]) =>
  planStages(items).map((stage) => stage.map(({ object }) => `${object.kind} ${object.metadata.name}`));

describe('the order of an apply', () => {
  it('has what others need first, classes next, webhooks last, whatever order they came in', () => {
    const objects = [
      item('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'),
      item('apps/v1', 'Deployment'),
      item('v1', 'Service'),
      item('storage.k8s.io/v1', 'StorageClass'),
      item('x.example.com/v1', 'Boat'),
      item('v1', 'ServiceAccount'),
      item('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
      item('rbac.authorization.k8s.io/v1', 'ClusterRole'),
      item('v1', 'Namespace'),
    ];
    const expected = [
      ['Namespace x', 'CustomResourceDefinition x', 'ClusterRole x'],
      ['StorageClass x'],
      ['ServiceAccount x', 'Service x', 'Boat x', 'Deployment x'],
      ['ValidatingWebhookConfiguration x'],
    ];
    expect(kinds(objects)).toEqual(expected);
    expect(kinds([...objects].reverse())).toEqual(expected);
  });

  it('follows sync waves within a stage; one that is no number counts as none', () => {
    const objects = [
      item('v1', 'ConfigMap', 'late', '5'),
      item('v1', 'ConfigMap', 'plain'),
      item('apps/v1', 'Deployment', 'early', '-1'),
      item('v1', 'ConfigMap', 'odd', 'soon'),
    ];
    expect(kinds(objects)).toEqual([['Deployment early'], ['ConfigMap odd', 'ConfigMap plain'], ['ConfigMap late']]);
  });

  it('is reversed for deletions', () => {
    const order = [
      'v1/Namespace',
      'v1/ConfigMap',
      'apps/v1/Deployment',
      'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration',
    ].map((text) => {
      const at = text.lastIndexOf('/');
      return { apiVersion: text.slice(0, at), kind: text.slice(at + 1) };
    });
    expect([...order].sort(compareForDeletion).map(({ kind }) => kind)).toEqual([
      'MutatingWebhookConfiguration',
      'Deployment',
      'ConfigMap',
      'Namespace',
    ]);
  });

  it("does not take somebody's own kinds for those of Kubernetes that share a name", () => {
    expect(kinds([item('v1', 'ConfigMap'), item('x.example.com/v1', 'Namespace')])).toHaveLength(1);
  });
});
