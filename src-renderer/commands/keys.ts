import { matchKeybindingPress, parseKeybinding, type KeybindingPress } from 'tinykeys';
import type { Command, CommandRegistry } from './registry.svelte.ts';

/** Where letters are input. A list or a menu finds its entries by them. */
const FIELDS =
  'input:not([type=checkbox], [type=radio], [type=button], [type=file], [type=range]), select, textarea, [contenteditable=true], [role=listbox], [role=menu]';
/** What Enter and Space press; there they are nobody else's. */
const PRESSED = 'button, a[href], summary, label, input, [role=button], [role=tab], [role=option], [role=menuitem]';
/** Something that must be left before the page behind goes on. */
const MODAL = '[data-dialog-content]';

/** A character alone: `n`, `/`, `3`. */
export const isSingleCharacter = (keys: string): boolean => [...keys].length === 1;

/**
 * The command a key press means, the innermost first: of several that share a key, the one that was provided last and makes
 * sense now. null where the press is input, is already used, or means nothing.
 */
export function commandFor(event: KeyboardEvent, registry: CommandRegistry, hasSingleKeys: boolean): Command | null {
  if (event.defaultPrevented || event.isComposing || event.repeat || document.querySelector(MODAL)) return null;
  const isIn = (selector: string): boolean =>
    event.target instanceof Element && event.target.closest(selector) !== null;
  if ((event.key === 'Enter' || event.key === ' ') && !hasModifier(event) && isIn(PRESSED)) return null;
  const isInField = isIn(FIELDS);
  const acts = ({ keys, actsInFields }: Command): boolean => {
    if (keys === undefined) return false;
    if (isSingleCharacter(keys)) return hasSingleKeys && !isInField;
    return !isInField || actsInFields === true;
  };
  const matches = ({ keys = '' }: Command): boolean => {
    const press = pressOf(keys);
    return press !== undefined && matchKeybindingPress(event, press);
  };
  return registry.all.findLast((command) => acts(command) && matches(command) && (command.when?.() ?? true)) ?? null;
}

const hasModifier = (event: KeyboardEvent): boolean => event.ctrlKey || event.metaKey || event.altKey;

/** `?` and the like lie behind Shift on some keyboards and not on others. */
const pressOf = (keys: string): KeybindingPress | undefined =>
  parseKeybinding(isSingleCharacter(keys) && !/[a-z0-9]/i.test(keys) ? `[Shift]+${keys}` : keys)[0];

/** Runs commands by their shortcuts until the returned function is called. */
export function bindKeys(target: Window, registry: CommandRegistry, hasSingleKeys: () => boolean): () => void {
  function press(event: KeyboardEvent): void {
    const command = commandFor(event, registry, hasSingleKeys());
    if (!command) return keepFromBrowser(event, registry);
    event.preventDefault();
    command.run();
  }
  target.addEventListener('keydown', press);
  return () => target.removeEventListener('keydown', press);
}

/**
 * A shortcut of ours that makes no sense now still is no shortcut of the browser's: it would save the page, or undo in a
 * field what our own history knows nothing of.
 */
function keepFromBrowser(event: KeyboardEvent, registry: CommandRegistry): void {
  if (event.defaultPrevented || document.querySelector(MODAL)) return;
  const isOurs = registry.all.some(({ keys = '' }) => {
    const press = keys.startsWith('$mod+') ? pressOf(keys) : undefined;
    return press !== undefined && matchKeybindingPress(event, press);
  });
  if (isOurs) event.preventDefault();
}
