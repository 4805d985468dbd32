import { messageOf, RejectedError } from '#kit';
import { armor, Decrypter, identityToRecipient } from 'age-encryption';
import type { AgeKeys } from './age-keys.js';
import { ReadingBudget } from './reading-budget.js';
import type { SopsMetadata } from './sops-metadata.js';

const KEY_BYTES = 32;
const MOST_SHOWN = 5;

/** Opens the data keys of one bundle's documents with the keys of one Secret. */
export class DataKeys {
  readonly budget = new ReadingBudget();
  private readonly opened = new Map<string, Promise<Uint8Array>>();
  private identities: Promise<ReadonlyMap<string, string>> | undefined;

  constructor(private readonly keys: AgeKeys) {}

  /** @throws RejectedError `sops-key-missing`, `sops-key` */
  async open({ age }: SopsMetadata): Promise<Uint8Array> {
    this.identities ??= byRecipient(this.keys.identities);
    const identities = await this.identities;
    // Once for each: nobody needs more, and each that can't be read takes as long as one that can.
    const mine = [...new Map(age.map((each) => [each.recipient, each])).values()].filter(({ recipient }) =>
      identities.has(recipient),
    );
    if (mine.length === 0)
      throw this.missing(
        age.map(({ recipient }) => recipient),
        [...identities.keys()],
      );
    let trouble = '';
    for (const { recipient, enc } of mine) {
      const opening = this.unwrapOnce(enc, identities.get(recipient) ?? '');
      try {
        return await opening;
      } catch (error) {
        trouble = messageOf(error, 200);
      }
    }
    throw new RejectedError(
      'sops-key',
      `its data key can't be read with the key of ${shown(mine.map(({ recipient }) => recipient))} in the Secret ${this.keys.of} (${trouble}): run sops updatekeys on it`,
    );
  }

  private unwrapOnce(enc: string, identity: string): Promise<Uint8Array> {
    const known = this.opened.get(enc);
    if (known) return known;
    this.budget.takeKey();
    const opening = unwrap(enc, identity);
    this.opened.set(enc, opening);
    return opening;
  }

  private missing(wanted: readonly string[], present: readonly string[]): RejectedError {
    const { of, isThere } = this.keys;
    const [namespace, name] = of.split('/');
    const has = !isThere
      ? 'is not there'
      : present.length === 0
        ? 'has no age key in an entry keys.txt or *.agekey'
        : `has a key for ${shown(present)} alone`;
    return new RejectedError(
      'sops-key-missing',
      `it is encrypted for ${shown(wanted)}, and the Secret ${of} ${has}: put the key there (kubectl -n ${namespace} create secret generic ${name} --from-file=keys.txt), or encrypt it for another recipient`,
    );
  }
}

async function byRecipient(identities: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const map = new Map<string, string>();
  for (const identity of identities) {
    // A line that only looks like a key is none.
    const recipient = await identityToRecipient(identity).catch(() => null);
    if (recipient !== null) map.set(recipient, identity);
  }
  return map;
}

async function unwrap(enc: string, identity: string): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  // As a stream: of bytes it makes a Response of `fetch`, which does not load where the process runs without a compiler.
  const key = await firstBytes(await decrypter.decrypt(streamOf(armor.decode(enc))), KEY_BYTES + 1);
  if (key.length !== KEY_BYTES) throw new RejectedError('sops-key', 'it has not 32 bytes');
  return key;
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** More than so many are not read. */
async function firstBytes(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
    if (length >= most) break;
  }
  return Buffer.concat(parts);
}

function shown(recipients: readonly string[]): string {
  const names = recipients.slice(0, MOST_SHOWN).map((each) => each.slice(0, 80));
  return `${names.join(', ')}${recipients.length > MOST_SHOWN ? ', …' : ''}`;
}
