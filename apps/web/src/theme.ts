export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'flotilla-theme';

export function chosenTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export function chooseTheme(theme: Theme): void {
  if (theme === 'system') {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset['theme'];
  } else {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset['theme'] = theme;
  }
  window.dispatchEvent(new Event('flotilla-theme'));
}

/** The colour of a token such as `state-healthy` as it is painted now, `rgb(…)`; for the canvas. */
export function colourOf(token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${token})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** Calls when the theme in force changes, by choice or by the system; answers how to stop. */
export function onThemeChange(listen: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', listen);
  window.addEventListener('flotilla-theme', listen);
  return () => {
    dark.removeEventListener('change', listen);
    window.removeEventListener('flotilla-theme', listen);
  };
}
