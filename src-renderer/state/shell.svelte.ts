import { readPreference, writePreference } from '../platform/browser.ts';

const SINGLE_KEYS = 'single-keys';

/** What floats over the window, and how it listens to keys. */
export class ShellState {
  isPaletteOpen = $state(false);
  isSheetOpen = $state(false);
  /** False where letters alone do nothing: for those who steer by voice, or type past the fields. */
  hasSingleKeys = $state(readPreference(SINGLE_KEYS) !== 'off');

  toggleSingleKeys(): void {
    this.hasSingleKeys = !this.hasSingleKeys;
    writePreference(SINGLE_KEYS, this.hasSingleKeys ? 'on' : 'off');
  }
}
