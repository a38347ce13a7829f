import { readPreference, writePreference } from '../platform/browser.ts';

export const THEMES = {
  system: 'Follow the system',
  light: 'Light',
  dark: 'Dark',
  contrast: 'High contrast',
  'contrast-dark': 'High contrast, dark',
};
export type Theme = keyof typeof THEMES;

const isTheme = (name: string | null): name is Theme => name !== null && name in THEMES;

/** The look of the window: the system's, or what was chosen here. */
export class ThemeState {
  choice = $state<Theme>('system');
  /** Counts changes of the colors on screen, the system's own included: charts read their colors anew. */
  revision = $state(0);

  constructor() {
    const stored = readPreference('theme');
    if (isTheme(stored)) this.choice = stored;
    this.#apply();
    for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)', '(forced-colors: active)']) {
      window.matchMedia(query).addEventListener('change', () => (this.revision += 1));
    }
  }

  choose(theme: Theme): void {
    this.choice = theme;
    writePreference('theme', theme);
    this.#apply();
  }

  #apply(): void {
    const { dataset } = document.documentElement;
    delete dataset['theme'];
    delete dataset['contrast'];
    if (this.choice === 'light' || this.choice === 'contrast') dataset['theme'] = 'light';
    if (this.choice === 'dark' || this.choice === 'contrast-dark') dataset['theme'] = 'dark';
    if (this.choice.startsWith('contrast')) dataset['contrast'] = 'more';
    this.revision += 1;
  }
}
