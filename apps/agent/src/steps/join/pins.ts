import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { JoinAnswer } from '#contract';
import type { TrustDocument } from '#domain';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** What a join answer pins: its document, or what an older hub says in other words, of which an older agent kept no more either. */
export function trustOfAnswer({ trust, manifestKeys, nats }: JoinAnswer): TrustDocument {
  return trust ?? { generation: 1, manifestKeys, ca: nats.ca };
}

/** What is wrong with a document that a key signed, without a subject; null: nothing. */
export function trustProblem(document: TrustDocument, signedBy: string, heldGeneration: number): string | null {
  if (document.generation < heldGeneration) {
    return `tells of generation ${document.generation} of whom to trust, lower than ${heldGeneration}, which is held`;
  }
  // Else whoever has one key could hand the cluster over to another that nobody has.
  if (!Object.hasOwn(document.manifestKeys, signedBy)) {
    return `tells of keys to trust among which is not ${signedBy}, which signed it`;
  }
  const known = readManifestKeys(document.manifestKeys);
  const bad = Object.keys(document.manifestKeys).find((id) => !known.has(id));
  if (bad !== undefined) return `tells of a key ${bad.slice(0, 64)} that can't be read`;
  if (!isReadableBundle(document.ca)) return "tells of authorities that can't be read";
  return null;
}

/** Public keys in PEM, as the hub gave them; one that can't be read is left out. */
export function readManifestKeys(pems: Readonly<Record<string, string>>): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const [id, pem] of Object.entries(pems)) {
    try {
      const key = createPublicKey(pem);
      if (key.asymmetricKeyType === 'ed25519') keys.set(id, key);
    } catch {
      // A key that can't be read verifies nothing; the others may.
    }
  }
  return keys;
}

function isReadableBundle(pem: string): boolean {
  const certificates = pem.match(CERTIFICATE) ?? [];
  try {
    return certificates.length > 0 && certificates.every((each) => new X509Certificate(each).raw.length > 0);
  } catch {
    return false;
  }
}

/** Whom this agent believes. What it adopts counts at once, and is told to the hub once it is stored, where a restart finds it. */
export class Pins {
  private document: TrustDocument;
  private parsed: ReadonlyMap<string, KeyObject>;
  private storedGeneration: number;

  /** @param document as it is stored */
  constructor(
    document: TrustDocument,
    /** Whether a hub told it as a document, and so what the hub's own API is held to, not the bus alone. */
    private isWhole: boolean,
    private readonly save: (document: TrustDocument) => Promise<void>,
  ) {
    this.document = document;
    this.parsed = readManifestKeys(document.manifestKeys);
    this.storedGeneration = document.generation;
  }

  /** Of what is believed now. */
  get generation(): number {
    return this.document.generation;
  }

  /** Of what is stored, and so believed after a restart too. */
  get stored(): number {
    return this.storedGeneration;
  }

  keys(): ReadonlyMap<string, KeyObject> {
    return this.parsed;
  }

  /** PEM that the bus is held to. */
  busCa(): string {
    return this.document.ca;
  }

  /** PEM that the hub's API is held to, in place of what the agent was installed with. */
  hubCa(installed: string | undefined): string | undefined {
    return this.isWhole && installed !== undefined ? this.document.ca : installed;
  }

  /** Only what was verified comes here. An equal generation says the same. */
  adopt(document: TrustDocument): void {
    if (document.generation <= this.document.generation) return;
    this.document = document;
    this.isWhole = true;
    this.parsed = readManifestKeys(document.manifestKeys);
  }

  /** Stores what was adopted; whether there was anything. @throws RetryableError */
  async store(): Promise<boolean> {
    const { document } = this;
    if (document.generation === this.storedGeneration) return false;
    await this.save(document);
    this.storedGeneration = document.generation;
    return true;
  }
}
