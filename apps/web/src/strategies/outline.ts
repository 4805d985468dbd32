/** A wave as the outline draws it, in words. */
export interface WaveOutline {
  readonly name: string;
  /** `5%`, `2`, `all that are left`. */
  readonly take: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** What else holds it back: selector, windows, soak. */
  readonly notes: readonly string[];
}

/** What can be drawn of a document that may be wrong anywhere. */
export function outlineOf(document: unknown): readonly WaveOutline[] {
  const waves = at(at(document, 'spec'), 'waves');
  if (!Array.isArray(waves)) return [];
  return waves.slice(0, 50).map((wave: unknown, index): WaveOutline => {
    const [take, soak, windows] = [at(wave, 'take'), at(wave, 'soak'), at(wave, 'windows')];
    const selector = selectorWords(at(wave, 'selector'));
    return {
      name: textOf(at(wave, 'name')) ?? `wave ${index + 1}`,
      take: textOf(take) ?? (selector === null ? 'all that are left' : 'all of these'),
      before: gatesOf(at(wave, 'before')),
      after: gatesOf(at(wave, 'after')),
      notes: [
        ...(selector === null ? [] : [selector]),
        ...(Array.isArray(windows) && windows.length > 0
          ? [`in ${windows.length === 1 ? 'a window' : `${windows.length} windows`}`]
          : []),
        ...(textOf(soak) === undefined ? [] : [`soaks ${textOf(soak) ?? ''}`]),
      ],
    };
  });
}

function gatesOf(gates: unknown): string[] {
  if (!Array.isArray(gates)) return [];
  return gates.slice(0, 10).map((gate: unknown) => {
    const type = ['approval', 'schedule', 'webhook', 'metric'].find((each) => at(gate, each) !== undefined) ?? 'gate';
    const approvers = textOf(at(at(gate, 'approval'), 'approvers'));
    return approvers === undefined || approvers === '1' ? type : `${type} by ${approvers}`;
  });
}

function selectorWords(selector: unknown): string | null {
  const labels = Object.entries(record(at(selector, 'matchLabels'))).map(
    ([key, value]) => `${key}=${textOf(value) ?? '?'}`,
  );
  const expressions = at(selector, 'matchExpressions');
  const more = (Array.isArray(expressions) ? (expressions as unknown[]) : []).map((each) => {
    const values = at(each, 'values');
    const list = Array.isArray(values) ? ` ${values.map((value) => textOf(value) ?? '?').join(', ')}` : '';
    return `${textOf(at(each, 'key')) ?? '?'} ${textOf(at(each, 'operator')) ?? '?'}${list}`;
  });
  const all = [...labels, ...more];
  return all.length === 0 ? null : all.join(' and ');
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function at(value: unknown, key: string): unknown {
  return record(value)[key];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** Where each wave's share of a bar begins and how long it is, percent; from what is planned, or in equal steps. */
export function sharesOf(
  waves: number,
  totals: readonly number[] | null,
): readonly (readonly [from: number, size: number])[] {
  const sizes = totals?.length === waves ? totals : Array.from({ length: waves }, () => 1);
  const sum = sizes.reduce((all, size) => all + size, 0) || 1;
  let from = 0;
  return sizes.map((size) => {
    const share: readonly [number, number] = [(100 * from) / sum, (100 * size) / sum];
    from += size;
    return share;
  });
}
