import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
// Not in the list: libs/control-plane, real clusters for the demo and the tests.
const libs = ['domain', 'ports', 'contract', 'kit', 'source', 'render', 'store', 'bus', 'kube'];
const adapter = ['ports', 'domain', 'kit'];

/** The import directions of the corridor: zone folder -> the zones that it may import. `*` is every lib. */
const allowed = {
  'libs/domain': [],
  'libs/ports': ['domain'],
  'libs/contract': ['domain'],
  'libs/kit': [],
  'libs/source': adapter,
  'libs/render': adapter,
  'libs/store': [...adapter, 'migrations'],
  'libs/bus': [...adapter, 'contract'],
  'libs/kube': adapter,
  'libs/control-plane': ['kit'],
  'apps/hub': libs,
  'apps/agent': libs,
  'apps/cli': ['contract', 'domain', 'kit'],
  'apps/web': ['contract', 'domain'],
  'apps/simulator': ['apps/agent', 'kube', 'control-plane', 'contract', 'kit'],
  migrations: [],
};

/** Single files that may import more than their zone: what they need is loaded where it is used and nowhere else. */
const allowedFiles = { 'apps/cli/src/commands/agent.ts': ['kube'] };

/** The packages that the pure core may use: pure functions only. */
const domainPackages = { 'node:crypto': ['createHash'], croner: null, '@marcbachmann/cel-js': null };

function zoneOf(file) {
  const relative = path.relative(root, file).split(path.sep).join('/');
  const found = Object.keys(allowed).find((zone) => relative.startsWith(`${zone}/`));
  return found ?? relative.split('/')[0];
}

/** Refuses an import that goes against docs/corridor.md's direction, whether by `#name` or by a relative path. */
export const corridorImports = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      direction: '{{from}} may not import {{to}}; it may import: {{may}}.',
      byName: 'Import another lib as #{{name}}, not by path.',
      pure: 'libs/domain is pure: it may import only itself, createHash of node:crypto, croner and cel-js, not {{source}}.',
    },
  },
  create(context) {
    const file = context.filename;
    const from = zoneOf(file);
    if (allowed[from] === undefined) return {};
    const relative = path.relative(root, file).split(path.sep).join('/');
    const may = [...allowed[from], ...(allowedFiles[relative] ?? [])];
    const isTest = /\.test\.(ts|mjs)$/.test(file) || /suite\.ts$/.test(file);

    function check(node, source, names) {
      if (typeof source !== 'string') return;
      const report = (messageId, data) => context.report({ node, messageId, data });
      const list = may.length === 0 ? 'nothing of ours' : may.join(', ');
      if (source.startsWith('.')) {
        const to = zoneOf(path.resolve(path.dirname(file), source));
        if (to === from) return;
        if (isTest && to === 'test') return;
        const name = to.replace(/^libs\//, '');
        if (!may.includes(name)) report('direction', { from, to, may: list });
        else if (to.startsWith('libs/')) report('byName', { name });
        return;
      }
      if (source.startsWith('#')) {
        // Whatever implements a port may be held to its contract.
        if (isTest && source.startsWith('#ports/contract-suites/')) return;
        const name = source.slice(1).split('/')[0];
        if (!may.includes(name)) report('direction', { from, to: source, may: list });
        return;
      }
      if (from !== 'libs/domain' || isTest) return;
      const exports = domainPackages[source];
      if (exports === undefined) report('pure', { source });
      else if (exports !== null && names.some((name) => !exports.includes(name))) {
        report('pure', { source: `${names.join(', ')} of ${source}` });
      }
    }

    const imported = (node) =>
      node.specifiers.map((each) => (each.type === 'ImportSpecifier' ? each.imported.name : '*'));
    return {
      ImportDeclaration: (node) => check(node, node.source.value, imported(node)),
      ExportNamedDeclaration: (node) => node.source && check(node, node.source.value, ['*']),
      ExportAllDeclaration: (node) => check(node, node.source.value, ['*']),
      ImportExpression: (node) => check(node, node.source.value, ['*']),
      TSImportType: (node) => check(node, node.source?.value ?? node.argument?.literal?.value, ['*']),
    };
  },
};
