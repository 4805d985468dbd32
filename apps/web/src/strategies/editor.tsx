import { useId, useImperativeHandle, useRef, type KeyboardEvent, type Ref } from 'react';
import type { DraftProblem } from './use-checked-draft.js';

export interface EditorHandle {
  /** Puts the cursor at the beginning of a line, which counts from one. */
  readonly goTo: (line: number) => void;
}

const LINE_PX = 20;

/** Text with the numbers of its lines; those to mend are marked. Tab leaves it, as everywhere. */
export function Editor({
  label,
  text,
  problems,
  describedBy,
  onChange,
  onCursor,
  handle,
}: {
  readonly label: string;
  readonly text: string;
  readonly problems: readonly DraftProblem[];
  readonly describedBy: string;
  readonly onChange: (text: string) => void;
  /** The place of the cursor in the text. */
  readonly onCursor: (offset: number) => void;
  readonly handle: Ref<EditorHandle>;
}) {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const lines = text.split('\n').length;
  const bad = new Set(problems.map(({ line }) => line));
  useImperativeHandle(handle, () => ({
    goTo: (line) => {
      const before = area.current?.value.split('\n').slice(0, line - 1) ?? [];
      const offset = before.reduce((sum, each) => sum + each.length + 1, 0);
      area.current?.focus();
      area.current?.setSelectionRange(offset, offset);
      onCursor(offset);
    },
  }));
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <label htmlFor={id} className="text-strong font-medium">
        {label}
      </label>
      <div className="border-line bg-card focus-within:outline-accent flex max-h-[70dvh] min-h-80 overflow-auto rounded-md border font-mono text-[0.8125rem] leading-5 focus-within:outline-2 focus-within:outline-offset-2">
        <div
          aria-hidden="true"
          className="bg-raised text-muted sticky left-0 h-max min-h-full shrink-0 py-2 text-right select-none"
        >
          {Array.from({ length: lines }, (_, index) => (
            <div key={index} className={`px-2 ${bad.has(index + 1) ? 'text-danger font-bold' : ''}`}>
              {bad.has(index + 1) && '✕ '}
              {index + 1}
            </div>
          ))}
        </div>
        <textarea
          ref={area}
          id={id}
          value={text}
          wrap="off"
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          maxLength={300_000}
          aria-invalid={problems.length > 0 ? true : undefined}
          aria-describedby={describedBy}
          onChange={(event) => onChange(event.target.value)}
          onSelect={(event) => onCursor(event.currentTarget.selectionStart)}
          onKeyDown={keepIndent}
          className="text-strong min-h-full min-w-0 flex-1 resize-none overflow-x-auto overflow-y-hidden bg-transparent p-2 whitespace-pre outline-none"
          style={{ height: lines * LINE_PX + 24 }}
        />
      </div>
    </div>
  );
}

/** A new line begins where the one before did. */
function keepIndent(event: KeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || event.altKey || event.nativeEvent.isComposing) return;
  const { value, selectionStart } = event.currentTarget;
  const line = value.slice(value.lastIndexOf('\n', selectionStart - 1) + 1, selectionStart);
  const indent = /^ */.exec(line)?.[0] ?? '';
  if (indent === '') return;
  event.preventDefault();
  // Deprecated, and the only way that leaves undo as it is.
  document.execCommand('insertText', false, `\n${indent}`);
}
