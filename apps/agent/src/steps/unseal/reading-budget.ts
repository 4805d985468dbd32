import { RejectedError } from '#kit';

/** Lines, values and brackets of one file: an agent, which runs without a compiler, takes seconds and tens of MiB for so many. */
const MOST_OF_FILE = 10_000;
/** Of all files of a bundle. */
const MOST_OF_BUNDLE = 100_000;
/** Data keys of a bundle: each takes tens of milliseconds. */
const MOST_KEYS = 1_000;

const SEALED = /ENC\[AES256_GCM,[^\]\n]*\]/g;
const PLACES = new Set(['\n', ',', '[', '{', ':'].map((each) => each.charCodeAt(0)));

/** What may be read of the encrypted files of one bundle: they are read in the memory of an agent, and may be made to fill it. */
export class ReadingBudget {
  private places = MOST_OF_BUNDLE;
  private keys = MOST_KEYS;

  /** @throws RejectedError `sops-file` */
  takeFile(text: string): void {
    const count = placesOf(text);
    if (count > MOST_OF_FILE) {
      throw refused(`it has more than ${MOST_OF_FILE} lines and values: encrypt it as a whole (--input-type binary)`);
    }
    this.places -= count;
    if (this.places < 0)
      throw refused(`the files before it have ${MOST_OF_BUNDLE} lines and values: split the application`);
  }

  /** @throws RejectedError `sops-file` */
  takeKey(): void {
    this.keys -= 1;
    if (this.keys < 0) throw refused(`the files before it have ${MOST_KEYS} data keys: split the application`);
  }
}

function placesOf(text: string): number {
  const open = text.replace(SEALED, '');
  let count = 0;
  for (let at = 0; at < open.length; at += 1) if (PLACES.has(open.charCodeAt(at))) count += 1;
  return count;
}

function refused(message: string): RejectedError {
  return new RejectedError('sops-file', message);
}
