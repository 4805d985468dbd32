import type { JsonObject, JsonValue } from '../json.js';

const FILE = 'file';

/**
 * What says which file an object came of that SOPS encrypted: the encrypted code over all values of the file, which stands in each of
 * its documents (`sops.mac`), or which Kustomize made a value of, as of every line. Null: it came of none.
 */
export function sealOf(object: JsonObject): string | null {
  const seal = mapOf(object['sops'])['mac'] ?? linesSeal(object);
  return typeof seal === 'string' && seal !== '' ? seal : null;
}

function linesSeal({ kind, data }: JsonObject): JsonValue | undefined {
  const seal = kind === 'Secret' ? mapOf(data)['sops_mac'] : undefined;
  return typeof seal === 'string' ? Buffer.from(seal, 'base64').toString('utf8') : undefined;
}

/**
 * Puts each encrypted file, as it stands in Git, beside the first object that came of it (`sops.file`). An object reaches its cluster
 * with another order of its fields and with what Kustomize added; of the file alone can be told that nobody changed it. What was
 * written there by hand is taken away.
 * @param files by their seal
 */
export function carryFiles(objects: readonly JsonObject[], files: ReadonlyMap<string, string>): readonly JsonObject[] {
  const left = new Map(files);
  return objects.map((object) => {
    const { sops, ...fields } = object;
    const { [FILE]: _, ...others } = mapOf(sops);
    const seal = sealOf(object);
    const file = seal === null ? undefined : left.get(seal);
    if (seal === null || file === undefined) return FILE in mapOf(sops) ? { ...fields, sops: others } : object;
    left.delete(seal);
    return { ...fields, sops: { ...others, [FILE]: file } };
  });
}

/** The encrypted files that come with objects, by their seal. */
export function carriedFiles(objects: readonly JsonObject[]): ReadonlyMap<string, string> {
  return new Map(
    objects.flatMap((object): [string, string][] => {
      const { [FILE]: file } = mapOf(object['sops']);
      const seal = sealOf(object);
      return typeof file === 'string' && seal !== null ? [[seal, file]] : [];
    }),
  );
}

function mapOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
