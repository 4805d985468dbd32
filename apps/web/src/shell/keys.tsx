import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { Dialog } from '../ui/dialog.js';
import { PLACES } from './places.js';

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

/** How long the key after `g` is waited for, milliseconds. */
const SEQUENCE_MS = 1500;

/** The keys that work everywhere: `?` help, `/` filter, Ctrl-K palette, `g` and a letter. Silent while somebody types. */
export function useGlobalKeys(on: { readonly palette: () => void; readonly help: () => void }): void {
  const navigate = useNavigate();
  const wentAt = useRef(-Infinity);
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        on.palette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open]')) return;
      if (event.timeStamp - wentAt.current < SEQUENCE_MS) {
        wentAt.current = -Infinity;
        const place = PLACES.find(({ key }) => key === event.key);
        if (place) {
          event.preventDefault();
          navigate({ to: place.to }).catch(() => undefined);
        }
      } else if (event.key === 'g') wentAt.current = event.timeStamp;
      else if (event.key === '?') on.help();
      else if (event.key === '/') {
        const filter = document.querySelector<HTMLInputElement>('[data-filter]');
        if (!filter) return;
        event.preventDefault();
        filter.focus();
        filter.select();
      }
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [navigate, on]);
}

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl K or ⌘ K', 'Go anywhere, do anything'],
  ['/', 'Filter'],
  ...PLACES.map(({ key, name }) => [`g ${key}`, name] as const),
  ['j k or arrows', 'Walk a list, or the cells of the fleet'],
  ['Enter', 'Open'],
  ['Escape', 'Close'],
  ['?', 'These keys'],
];

export function KeysHelp({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="grid grid-cols-[max-content_1fr] gap-x-6 gap-y-2">
        {KEYS.map(([keys, what]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd className="bg-raised border-line rounded border px-1.5 py-0.5 font-mono text-xs">{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
