import { useState } from 'react';
import { barBox } from './field.js';

export interface Typed {
  readonly text: string;
  /** Null: it is what the address says. */
  readonly set: (text: string | null) => void;
}

/** What is typed shows at once; the address, from which `value` comes, follows a moment later. */
export function useTyped(value = ''): Typed {
  const [draft, set] = useState<string | null>(null);
  return { text: draft ?? value, set };
}

/** Where a page's rows are filtered by words; the key that leads to a filter leads here. */
export function FilterBox({
  typed,
  onText,
  label,
  placeholder,
  className = 'w-full sm:w-96',
}: {
  readonly typed: Typed;
  readonly onText: (text: string) => void;
  /** For who reads by ear. */
  readonly label: string;
  readonly placeholder: string;
  readonly className?: string;
}) {
  return (
    <input
      data-filter
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={typed.text}
      onChange={({ target }) => {
        typed.set(target.value);
        onText(target.value);
      }}
      onBlur={() => typed.set(null)}
      className={`${barBox} ${className}`}
    />
  );
}
