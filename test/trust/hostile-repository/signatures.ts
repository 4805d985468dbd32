import { equal, match } from 'node:assert/strict';
import { sourceSpecSchema } from '#contract';
import { readGit } from '../../../apps/hub/src/steps/ingest/read-git.js';
import type { Attempt } from '../../helpers/attempts.js';
import { type HostileRepositoryScene, map } from './scene.js';

type Scene = HostileRepositoryScene;

const files = (value: string) => ({ 'dev/a.yaml': map('a', value) });

/** What a source that asks for signatures makes of the repository; `after` is what it was at before. */
async function look(scene: Scene, spec: object, after?: string): Promise<string> {
  const terms = sourceSpecSchema.parse({ url: scene.repository.path, ...spec });
  return readGit(scene.source, terms, after).then(
    ({ sha, signature }) => `${sha} by ${signature?.signer}`,
    (error: unknown) => `${(error as { code: string }).code}: ${(error as Error).message}`,
  );
}

const by = (key: string, of: 'commit' | 'tag' = 'commit') => ({ verify: { of, keys: [{ name: 'Ann', key }] } });

/** Takes the signature of one commit for the contents of another. */
async function withSignatureOf(scene: Scene, signed: string, forged: string): Promise<string> {
  const { repository } = scene;
  const raw = await repository.git(['cat-file', 'commit', signed]);
  const signature = /\n(gpgsig (?:.*\n(?: .*\n)*))/.exec(raw)?.[1] ?? '';
  const [head = '', ...message] = (await repository.git(['cat-file', 'commit', forged])).split('\n\n');
  return scene.commitObject(`${head}\n${signature}\n${message.join('\n\n')}\n`);
}

export const signatureAttempts: readonly Attempt<Scene>[] = [
  {
    name: 'signs a commit with a key of its own, under the name of somebody who is trusted',
    stoppedBy: 'a key counts by itself, and no name that is written anywhere in a commit does',
    run: async (scene) => {
      const [ann, own] = [await scene.repository.makeKey(), await scene.repository.makeKey()];
      const author = 'Ann <ann@example.org>';
      await scene.repository.commit({
        files: files('x'),
        signedWith: own,
        author,
        subject: `Mend it\n\nSigned-off-by: ${author}`,
      });
      match(await look(scene, by(ann)), /^signature-refused: .* SSH key SHA256:\S+, which this source does not name/);
    },
  },
  {
    name: 'puts the signature of somebody who is trusted on a commit of its own',
    stoppedBy: 'a signature is of every byte of its commit',
    run: async (scene) => {
      const ann = await scene.repository.makeKey();
      const signed = await scene.repository.commit({ files: files('good'), signedWith: ann });
      match(await look(scene, by(ann)), new RegExp(`^${signed} by Ann`));
      const forged = await scene.repository.commit({ files: files('bad') });
      const sha = await withSignatureOf(scene, signed, forged);
      match(await look(scene, { ...by(ann), ref: sha }), /^signature-refused: .* "Ann", which did not sign/);
    },
  },
  {
    name: 'publishes an old release that was signed under the name of a newer one',
    stoppedBy: 'a tag counts under the name that was signed',
    run: async (scene) => {
      const ann = await scene.repository.makeKey();
      const old = await scene.repository.commit({ files: files('with a hole') });
      await scene.repository.tag('v1.0.0', old, ann);
      const range = { semver: '>=1 <2', ...by(ann, 'tag') };
      equal(await look(scene, range), `${old} by Ann`);
      const object = await scene.repository.git(['rev-parse', 'refs/tags/v1.0.0']);
      await scene.repository.git(['update-ref', 'refs/tags/v1.9.9', object]);
      match(await look(scene, range), /^signature-refused: The tag v1\.9\.9 .*of another name \("v1\.0\.0"\)/);
      for (const tag of ['v1.0.0', 'v1.9.9']) await scene.repository.deleteRef(tag);
    },
  },
  {
    name: 'pushes a branch back to an older commit that was signed',
    stoppedBy: 'history that lost the commit that a source was at is refused, whoever signed it',
    run: async (scene) => {
      const ann = await scene.repository.makeKey();
      const old = await scene.repository.commit({ files: files('with a hole'), signedWith: ann });
      const mended = await scene.repository.commit({ files: files('mended'), signedWith: ann });
      equal(await look(scene, by(ann), old), `${mended} by Ann`);
      await scene.repository.git(['update-ref', 'refs/heads/main', old]);
      match(await look(scene, by(ann), mended), /^history-rewritten: main was rewritten: /);
    },
  },
];
