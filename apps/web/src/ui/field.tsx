import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from 'react';

const BOX =
  'border-line bg-card text-strong min-h-11 w-full rounded-md border px-2.5 sm:min-h-8 aria-invalid:border-danger';

interface About {
  readonly label: string;
  readonly hint?: ReactNode;
  /** What is wrong with it, and the mend. */
  readonly error?: string;
}

function Around({ id, label, hint, error, children }: About & { readonly id: string; readonly children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="text-strong font-medium">
        {label}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="text-muted">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} role="alert" className="text-danger">
          {error}
        </p>
      )}
    </div>
  );
}

const describedBy = (id: string, { hint, error }: About): string | undefined =>
  [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;

/** A line of text with its label, its hint and its error, each bound to it. */
export function TextField({ label, hint, error, ...rest }: About & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const about = { label, hint, ...(error && { error }) };
  return (
    <Around id={id} {...about}>
      <input
        id={id}
        autoComplete="off"
        spellCheck={false}
        {...rest}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, about)}
        className={`${BOX} ${rest.className ?? ''}`}
      />
    </Around>
  );
}

export function SelectField({
  label,
  hint,
  error,
  children,
  ...rest
}: About & SelectHTMLAttributes<HTMLSelectElement> & { readonly children: ReactNode }) {
  const id = useId();
  const about = { label, hint, ...(error && { error }) };
  return (
    <Around id={id} {...about}>
      <select id={id} {...rest} aria-describedby={describedBy(id, about)} className={BOX}>
        {children}
      </select>
    </Around>
  );
}

/** The same without a visible label, for bars of filters; the label is for who reads by ear. */
export const barBox = `${BOX.replace('w-full', '')} max-w-full`;
