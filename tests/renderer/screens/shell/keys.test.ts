import { describe, expect, test, vi } from 'vitest';
import { bindKeys, commandFor, isSingleCharacter } from '../../../../src-renderer/commands/keys.ts';
import { CommandRegistry, type Command } from '../../../../src-renderer/commands/registry.svelte.ts';
import { windowCommands } from '../../../../src-renderer/commands/window-commands.ts';
import { ShellState } from '../../../../src-renderer/state/shell.svelte.ts';
import { ThemeState } from '../../../../src-renderer/state/theme.svelte.ts';
import { Workspace } from '../../../../src-renderer/state/workspace.svelte.ts';
import { fakeApi, fakeHost, stubBrowser } from '../../fixtures/app.ts';

const command = (id: string, keys: string, rest: Partial<Command> = {}): Command => ({
  id,
  label: id,
  group: 'Go',
  keys,
  run: () => undefined,
  ...rest,
});

function registryOf(...commands: Command[]): CommandRegistry {
  const registry = new CommandRegistry();
  registry.provide(commands);
  return registry;
}

function press(key: string, init: KeyboardEventInit = {}, target: Element = document.body): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init });
  Object.defineProperty(event, 'target', { value: target });
  return event;
}

const input = document.createElement('input');

describe('a key press', () => {
  test('a character acts outside of fields only, and not where characters are turned off', () => {
    const registry = registryOf(command('new', 'n'));
    expect(commandFor(press('n'), registry, true)?.id).toBe('new');
    expect(commandFor(press('N', { modifierCapsLock: true }), registry, true)?.id).toBe('new');
    expect(commandFor(press('n', {}, input), registry, true)).toBeNull();
    expect(commandFor(press('n'), registry, false)).toBeNull();
    expect(commandFor(press('n', { ctrlKey: true }), registry, true)).toBeNull();
  });

  test('a chord acts in fields where it says so, also without characters', () => {
    const registry = registryOf(command('save', '$mod+s', { actsInFields: true }), command('other', '$mod+j'));
    expect(commandFor(press('s', { ctrlKey: true }, input), registry, false)?.id).toBe('save');
    expect(commandFor(press('j', { ctrlKey: true }, input), registry, true)).toBeNull();
  });

  test('Enter presses the button that has the focus, and is a shortcut elsewhere', () => {
    const registry = registryOf(command('open', 'Enter'), command('start', '$mod+Enter'));
    const button = document.createElement('button');
    expect(commandFor(press('Enter', {}, button), registry, true)).toBeNull();
    expect(commandFor(press('Enter'), registry, true)?.id).toBe('open');
    expect(commandFor(press('Enter', { ctrlKey: true }, button), registry, true)?.id).toBe('start');
  });

  test('undo and redo are told apart by Shift', () => {
    const registry = registryOf(command('undo', '$mod+z'), command('redo', '$mod+Shift+z'));
    expect(commandFor(press('z', { ctrlKey: true }), registry, true)?.id).toBe('undo');
    expect(commandFor(press('Z', { ctrlKey: true, shiftKey: true }), registry, true)?.id).toBe('redo');
  });

  test('? is found with Shift and without, as keyboards differ', () => {
    const registry = registryOf(command('help', '?'));
    expect(commandFor(press('?', { shiftKey: true }), registry, true)?.id).toBe('help');
    expect(commandFor(press('?'), registry, true)?.id).toBe('help');
  });

  test('of two that share a key the later one that makes sense acts: the innermost', () => {
    let isOpen = true;
    const registry = registryOf(command('stop', 'Escape'), command('back', 'Escape', { when: () => isOpen }));
    expect(commandFor(press('Escape'), registry, true)?.id).toBe('back');
    isOpen = false;
    expect(commandFor(press('Escape'), registry, true)?.id).toBe('stop');
  });

  test('what a part has used already, or stands behind a dialog, is left alone', () => {
    const registry = registryOf(command('stop', 'Escape'));
    const used = press('Escape');
    used.preventDefault();
    expect(commandFor(used, registry, true)).toBeNull();
    const dialog = document.createElement('div');
    dialog.dataset['dialogContent'] = '';
    document.body.append(dialog);
    expect(commandFor(press('Escape'), registry, true)).toBeNull();
    dialog.remove();
    expect(commandFor(press('Escape'), registry, true)?.id).toBe('stop');
  });

  test('our shortcut is never the browser’s, even while it makes no sense', () => {
    const run = vi.fn();
    const registry = registryOf(command('undo', '$mod+z', { actsInFields: true, when: () => false, run }));
    const unbind = bindKeys(window, registry, () => true);
    const event = new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
    expect(run).not.toHaveBeenCalled();
    unbind();
  });
});

describe('the commands of the window', () => {
  stubBrowser();
  const workspace = new Workspace(fakeHost(fakeApi()).connect);
  const commands = windowCommands(workspace, new ShellState(), new ThemeState());

  test('have names of their own, and no two share a key but Escape, which leaves what is innermost', () => {
    const ids = commands.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const keys = commands.flatMap((entry) => (entry.keys && entry.keys !== 'Escape' ? [entry.keys.toLowerCase()] : []));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toEqual(expect.arrayContaining(['1', '2', '3', '4', 'n', '?', '$mod+k', '$mod+z', '$mod+shift+z']));
  });

  test('that are chords act in fields; that are characters cannot', () => {
    const chords = commands.filter(({ keys = '' }) => keys.startsWith('$mod+'));
    expect(chords.filter(({ actsInFields }) => actsInFields !== true)).toEqual([]);
    expect(commands.filter(({ keys = '', actsInFields }) => isSingleCharacter(keys) && actsInFields)).toEqual([]);
  });
});
