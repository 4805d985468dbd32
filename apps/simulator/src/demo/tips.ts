/** What the demo prints once everything runs: where it listens, and six things to try, each a line to paste. */
export function tips(where: {
  readonly url: string;
  /** Opens the page, once. */
  readonly page: string;
  readonly repository: string;
  readonly cli: string;
  readonly application: string;
  /** Of the clusters: lines for a person. */
  readonly about: readonly string[];
  /** What starts the demo. */
  readonly command: string;
}): string {
  const { url, page, repository, cli, application, about, command } = where;
  const fresh = command.includes(' -- ') ? `${command} --fresh` : `${command} -- --fresh`;
  const ship = (tag: string): string =>
    `(cd ${repository} && sed -i.bak '/shop\\/web/{n;s/newTag: .*/newTag: ${tag}/;}' base/kustomization.yaml && rm base/*.bak && git commit -qam 'Ship web ${tag}') && ${cli} sync shop`;
  return `
The hub listens at ${url}; the CLI finds it and its token by itself.
The same in the browser, which asks once whether it may trust the demo's own CA:

  ${page}

That address works once, within a minute; \`${cli} open\` makes another.
${about.join('\n')}

Six things to try, each a line to paste into another terminal, in this folder:

  1. Commit a change and watch it go out, wave by wave:
     ${ship('1.1.0')} && ${cli} rollout status ${application} --watch

  2. Commit a bad image and see it stop in the first wave:
     ${ship('bad')} && ${cli} rollout status ${application} --watch

  3. Ask why:
     ${cli} why ${application}

  4. Roll back, and look at the fleet:
     ${cli} rollout rollback ${application} --reason 'the image is bad' && ${cli} rollout status ${application} --watch; ${cli} get clusters

  5. Pause a rollout, ask why it waits, and resume it:
     ${ship('1.2.0')} && ${cli} rollout pause ${application} --reason lunch && ${cli} why ${application} && ${cli} rollout resume ${application}

  6. Misspell a field, see that no cluster gets it, and take it back:
     (cd ${repository} && sed -i.bak 's/replicas: 1/replicsa: 3/' base/web.yaml && rm base/*.bak && git commit -qam 'Run three of web') && ${cli} sync shop; ${cli} why ${application}; (cd ${repository} && git revert --no-edit HEAD) && ${cli} sync shop

Ctrl-C stops everything; \`${command}\` continues where it was, \`${fresh}\` begins anew.
`;
}
