import type { ReleaseView } from '#contract';
import { SelectField } from '../ui/field.js';

/** One of an application's releases, by number and commit. */
export function ReleaseSelect({
  label,
  releases,
  chosen,
  onChoose,
}: {
  readonly label: string;
  readonly releases: readonly ReleaseView[];
  readonly chosen: number;
  readonly onChoose: (release: number) => void;
}) {
  return (
    <SelectField label={label} value={String(chosen)} onChange={(event) => onChoose(Number(event.target.value))}>
      {!releases.some(({ release }) => release === chosen) && <option value={chosen}>{chosen}</option>}
      {releases.map(({ release, subject, barred }) => (
        <option key={release} value={release}>
          {release} · {subject.slice(0, 60)}
          {barred ? ' (barred)' : ''}
        </option>
      ))}
    </SelectField>
  );
}
