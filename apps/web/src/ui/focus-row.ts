/**
 * Puts the focus on a row of a virtual list: at once where it is in the document, so that the next key is for it, else once it
 * has been drawn.
 */
export function focusRow(list: HTMLElement | null, index: number): void {
  const row = (): HTMLElement | null | undefined => list?.querySelector<HTMLElement>(`[data-index="${index}"]`);
  const there = row();
  if (there) there.focus();
  else requestAnimationFrame(() => row()?.focus());
}
