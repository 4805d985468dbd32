/** What the demo prints once everything runs: where it listens, and five things to try, each a line to paste. */
export function tips(where: {
  readonly url: string;
  readonly repository: string;
  readonly cli: string;
  readonly application: string;
}): string {
  const { url, repository, cli, application } = where;
  const commit = (message: string): string => `git -C ${repository} commit -qam '${message}' && ${cli} sync shop`;
  const edit = (from: string, to: string): string =>
    `sed -i.bak 's|${from}|${to}|' ${repository}/base/deployment.yaml && rm ${repository}/base/*.bak`;
  return `
The hub listens at ${url}; the CLI finds it and its token by itself.

Five things to try, each a line to paste into another terminal:

  1. Commit a change and watch it go out, wave by wave:
     ${edit('\\(shop/web:\\).*', '\\11.1.0')} && ${commit('Ship web 1.1.0')} && ${cli} rollout status ${application} --watch

  2. Commit a bad image and see it stop in the first wave:
     ${edit('\\(shop/web:\\).*', '\\11.2.0-bad')} && ${commit('Ship web 1.2.0')} && ${cli} rollout status ${application} --watch

  3. Ask why:
     ${cli} why ${application}

  4. Roll back, and look at the fleet:
     ${cli} rollout rollback ${application} --reason 'the image is bad' && ${cli} rollout status ${application} --watch ; ${cli} get clusters

  5. Pause a rollout and resume it:
     ${edit('\\(shop/web:\\).*', '\\11.3.0')} && ${commit('Ship web 1.3.0')} && ${cli} rollout pause ${application} && ${cli} why ${application} ; sleep 5 ; ${cli} rollout resume ${application}

Ctrl-C stops everything; \`npm run demo\` continues where it was, \`npm run demo -- --fresh\` begins anew.
`;
}
