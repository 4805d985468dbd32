import { useEffect, useId, useRef, type ReactNode } from 'react';

/** The browser's own dialog: it keeps the focus, closes by Escape, and gives the focus back. Shown for as long as it is rendered. */
export function Dialog({
  title,
  onClose,
  children,
  isWide = false,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly isWide?: boolean;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // It would begin with the button that closes it.
    dialog?.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // The backdrop is the dialog's own.
        if (event.target === ref.current) onClose();
      }}
      className={`bg-card text-text border-line m-auto max-h-[92dvh] w-[calc(100vw-1.5rem)] overflow-auto rounded-lg border p-0 shadow-xl ${isWide ? 'max-w-5xl' : 'max-w-xl'}`}
    >
      <div className="flex flex-col gap-4 p-5">
        <div className="flex items-start justify-between gap-4">
          <h2 id={heading} className="text-base">
            {title}
          </h2>
          <button
            type="button"
            onClick={onClose}
            aria-label="Close"
            className="hover:bg-raised -m-1.5 grid size-8 place-items-center rounded-md text-lg leading-none"
          >
            ×
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
