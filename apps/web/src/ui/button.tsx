import type { ButtonHTMLAttributes } from 'react';

export type Tone = 'plain' | 'primary' | 'danger' | 'quiet';

const TONES: Readonly<Record<Tone, string>> = {
  plain: 'border border-line bg-card text-strong hover:bg-raised',
  primary: 'bg-accent text-on-accent hover:brightness-110',
  danger: 'bg-danger text-on-danger hover:brightness-110',
  quiet: 'text-text hover:bg-raised',
};

/** As tall as a finger on a phone, as a mouse needs elsewhere. `isBusy`: it waits for the hub, and is not pressed twice. */
export function Button({
  tone = 'plain',
  isBusy = false,
  children,
  className = '',
  disabled,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { readonly tone?: Tone; readonly isBusy?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || isBusy}
      aria-busy={isBusy || undefined}
      className={`inline-flex min-h-11 items-center justify-center gap-2 rounded-md px-3 font-medium whitespace-nowrap disabled:opacity-60 sm:min-h-8 ${TONES[tone]} ${className}`}
    >
      {isBusy && <Spinner />}
      {children}
    </button>
  );
}

export function Spinner() {
  return (
    <span
      aria-hidden="true"
      className="size-3.5 animate-spin rounded-full border-2 border-current border-r-transparent"
    />
  );
}
