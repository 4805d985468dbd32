import { Ban, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

const LOOKS = {
  info: { icon: Info, box: 'border-line bg-raised', ink: 'text-accent', word: 'Note' },
  warn: { icon: TriangleAlert, box: 'border-warn bg-card', ink: 'text-warn', word: 'Warning' },
  bad: { icon: Ban, box: 'border-danger bg-card', ink: 'text-danger', word: 'Refused' },
} as const;

/** Something to know before going on; by its icon and word as well as by its colour. */
export function Notice({
  tone = 'info',
  title,
  children,
}: {
  readonly tone?: keyof typeof LOOKS;
  readonly title?: ReactNode;
  readonly children?: ReactNode;
}) {
  const { icon: Icon, box, ink, word } = LOOKS[tone];
  return (
    <div className={`flex min-w-0 gap-2.5 rounded-lg border p-3 ${box}`}>
      <Icon size={18} aria-label={word} className={`mt-px shrink-0 ${ink}`} />
      <div className="flex min-w-0 flex-1 flex-col gap-1 break-words">
        {title && <p className="text-strong font-medium">{title}</p>}
        {children}
      </div>
    </div>
  );
}
