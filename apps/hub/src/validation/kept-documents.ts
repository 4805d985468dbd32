import type { SchemaDocument } from '#domain';

/** Of them as JSON: some ten different Kubernetes versions with their definitions. In memory they are some three times that. */
const MOST_BYTES = 24 * 1024 * 1024;

interface Kept {
  readonly document: SchemaDocument;
  readonly bytes: number;
}

/** Schemas in memory, of the ones asked for last: how large they are lies with the clusters. */
export class KeptDocuments {
  private readonly kept = new Map<string, Kept>();
  private bytes = 0;

  get(key: string): SchemaDocument | undefined {
    const found = this.kept.get(key);
    if (found !== undefined) {
      this.kept.delete(key);
      this.kept.set(key, found);
    }
    return found?.document;
  }

  /** @param bytes of it as JSON. */
  put(key: string, document: SchemaDocument, bytes: number): void {
    this.drop(key);
    this.kept.set(key, { document, bytes });
    this.bytes += bytes;
    for (const oldest of this.kept.keys()) {
      if (this.bytes <= MOST_BYTES) return;
      this.drop(oldest);
    }
  }

  private drop(key: string): void {
    this.bytes -= this.kept.get(key)?.bytes ?? 0;
    this.kept.delete(key);
  }
}
