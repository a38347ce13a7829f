import { describe, expect, it, vi } from 'vitest';
import { COMMAND_WORDS } from '../../src-worker/protocol/command-words.ts';

vi.mock('electron', () => ({ Menu: {}, ipcMain: {}, MessageChannelMain: class {} }));
const { menuTemplate } = await import('../../src-main/electron/menu.ts');

interface Item {
  id?: string;
  label?: string;
  role?: string;
  accelerator?: string;
  submenu?: Item[];
  click?: (item: unknown, window: unknown) => void;
}

const items = (isMac: boolean, isDevelopment = false): Item[] =>
  (menuTemplate({ isMac, isDevelopment }) as Item[]).flatMap(({ submenu = [] }) => submenu);

describe('the menu', () => {
  it('calls commands as the window does, with the shortcuts that are chords', () => {
    const commands = items(false).filter(({ id }) => id !== undefined);
    expect(commands.map(({ id, label }) => [id, label])).toEqual(
      commands.map(({ id }) => [id, COMMAND_WORDS[id as keyof typeof COMMAND_WORDS].label]),
    );
    const shortcuts: Record<string, string | undefined> = Object.fromEntries(
      commands.map(({ id = '', accelerator }) => [id, accelerator]),
    );
    expect(shortcuts).toMatchObject({ 'edit.redo': 'CmdOrCtrl+Shift+Z', 'answer.save': 'CmdOrCtrl+S' });
    // A character alone would take what is typed.
    expect(shortcuts['answer.new']).toBeUndefined();
    expect(shortcuts['go.start']).toBeUndefined();
  });

  it('gives a command to the window it was chosen in', () => {
    const send = vi.fn();
    items(false)
      .find(({ id }) => id === 'edit.undo')
      ?.click?.(null, { webContents: { send } });
    expect(send).toHaveBeenCalledExactlyOnceWith('configiq:command', 'edit.undo');
    items(false)
      .find(({ id }) => id === 'edit.undo')
      ?.click?.(null, undefined);
  });

  it('does not undo what the window does not know, and reloads for us only', () => {
    const roles = (isDevelopment: boolean) => items(true, isDevelopment).map(({ role }) => role);
    expect(roles(false)).not.toEqual(expect.arrayContaining(['undo']));
    expect(roles(false)).not.toEqual(expect.arrayContaining(['reload']));
    expect(roles(true)).toEqual(expect.arrayContaining(['reload', 'toggleDevTools']));
  });
});
