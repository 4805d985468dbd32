import { describe, expect, it } from '@jest/globals';
import { agentManifest } from './agent-manifest.js';

const input = {
  hubUrl: 'https://hub.example.com',
  caPem: '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n',
  token: 'fj_token',
  clusterName: 'prod-eu-1',
  image: 'registry.example.com/flotilla-agent:1.2.3',
};
const find = (kind: string, objects = agentManifest(input)) => objects.find((object) => object.kind === kind);

describe('the manifest that a cluster installs', () => {
  it('begins with its namespace, so that the rest has a place', () => {
    expect(agentManifest(input).map(({ kind }) => kind)).toEqual([
      'Namespace',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
      'Secret',
      'Deployment',
    ]);
  });

  it('has the token in its Secret alone', () => {
    const elsewhere = agentManifest(input).filter(({ kind }) => kind !== 'Secret');
    expect(JSON.stringify(elsewhere)).not.toContain(input.token);
    expect(find('Secret')).toMatchObject({ stringData: { FLOTILLA_JOIN_TOKEN: input.token } });
  });

  it('runs as nobody, with a root that cannot be written, no capability and bounded memory', () => {
    const text = JSON.stringify(find('Deployment'));
    for (const part of [
      '"runAsNonRoot":true',
      '"readOnlyRootFilesystem":true',
      '"allowPrivilegeEscalation":false',
      '"drop":["ALL"]',
      '"seccompProfile":{"type":"RuntimeDefault"}',
      '"limits":{"memory":"192Mi"}',
      '"type":"Recreate"',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('starts the agent anew when it is applied with another token', () => {
    const other = agentManifest({ ...input, token: 'fj_other' });
    expect(find('Deployment', other)).not.toEqual(find('Deployment'));
  });

  it('says of every rule of its role why it is there', () => {
    for (const each of [undefined, ['shop']]) {
      for (const role of agentManifest({ ...input, ...(each && { namespaces: each }) })) {
        if (!/Role$/.test(role.kind)) continue;
        const why = (role.metadata as { annotations?: Record<string, string> }).annotations?.['flotilla.dev/why'] ?? '';
        const rules = role['rules'] as readonly unknown[];
        expect(why).not.toBe('');
        if (rules.length > 1) expect(why.match(/^\d\. /gm)).toHaveLength(rules.length);
      }
    }
  });

  it('has no right of the cluster where it is kept to namespaces, and a role in each of them', () => {
    const objects = agentManifest({ ...input, namespaces: ['pay', 'shop'] });
    expect(objects.filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
    const places = objects
      .filter(({ kind }) => kind === 'RoleBinding')
      .map(({ metadata }) => (metadata as { namespace?: string }).namespace);
    expect(places).toEqual(['pay', 'shop', 'flotilla-system']);
    expect(JSON.stringify(find('Deployment', objects))).toContain(
      '{"name":"FLOTILLA_AGENT_NAMESPACES","value":"pay,shop"}',
    );
    expect(objects.filter(({ kind }) => kind === 'Namespace')).toHaveLength(1);
  });

  it('takes a hub of a public authority, with nothing pinned', () => {
    expect(find('Secret', agentManifest({ ...input, caPem: null }))).toMatchObject({
      stringData: { FLOTILLA_HUB_CA: '' },
    });
  });
});
