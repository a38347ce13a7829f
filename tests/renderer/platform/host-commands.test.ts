import { expect, test, vi } from 'vitest';
import { onHostCommand } from '../../../src-renderer/platform/host-commands.ts';

const post = (data: unknown, source: Window | null = window): boolean =>
  window.dispatchEvent(new MessageEvent('message', { data, source }));

test('commands of the menu are run until they are no longer listened to; nothing else is', () => {
  const run = vi.fn();
  const stop = onHostCommand(run);
  post({ type: 'configiq:command', id: 'edit.undo' });
  // Another window, another message, no id.
  post({ type: 'configiq:command', id: 'edit.undo' }, null);
  post({ type: 'configiq:port', id: 'edit.undo' });
  post({ type: 'configiq:command', id: 7 });
  post('configiq:command');
  expect(run).toHaveBeenCalledExactlyOnceWith('edit.undo');
  stop();
  post({ type: 'configiq:command', id: 'edit.redo' });
  expect(run).toHaveBeenCalledOnce();
});
