import { Menu, type BaseWindow, type BrowserWindow, type MenuItemConstructorOptions } from 'electron';
import { COMMAND_WORDS, type CommandWords, type KnownCommand } from '../../src-worker/protocol/command-words.ts';
import { COMMAND_CHANNEL } from './bridge.ts';

const SEPARATOR: MenuItemConstructorOptions = { type: 'separator' };

/**
 * The menus of the platform, with the commands of the window in them. Reloading and the developer tools would lose a person's
 * work, so they are for us.
 */
export function setApplicationMenu(isDevelopment: boolean): void {
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(menuTemplate({ isDevelopment, isMac: process.platform === 'darwin' })),
  );
}

export function menuTemplate(options: { isDevelopment: boolean; isMac: boolean }): MenuItemConstructorOptions[] {
  const { isDevelopment, isMac } = options;
  const development: MenuItemConstructorOptions[] = [{ role: 'reload' }, { role: 'toggleDevTools' }, SEPARATOR];
  return [
    ...(isMac ? [{ role: 'appMenu' as const }] : []),
    {
      role: 'fileMenu',
      submenu: [
        ...commands('answer.new', 'answer.save', 'answer.export'),
        SEPARATOR,
        ...commands('catalogs.import', 'catalogs.add-gpu', 'models.import', 'models.pull'),
        SEPARATOR,
        isMac ? { role: 'close' } : { role: 'quit' },
      ],
    },
    {
      role: 'editMenu',
      submenu: [
        // Those of the window, which know every edit of the question; the browser's know one field.
        ...commands('edit.undo', 'edit.redo'),
        SEPARATOR,
        { role: 'cut' },
        { role: 'copy' },
        { role: 'paste' },
        { role: 'selectAll' },
      ],
    },
    {
      label: 'View',
      submenu: [
        ...commands(
          'go.start',
          'go.size',
          'go.sweep',
          'go.runs',
          'go.simulate',
          'go.catalogs',
          'go.models',
          'go.accuracy',
        ),
        SEPARATOR,
        ...commands('view.palette'),
        SEPARATOR,
        ...(isDevelopment ? development : []),
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        SEPARATOR,
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: commands('help.shortcuts') },
  ];
}

const commands = (...ids: KnownCommand[]): MenuItemConstructorOptions[] =>
  ids.map((id) => {
    const words: CommandWords = COMMAND_WORDS[id];
    const accelerator = acceleratorOf(words.keys);
    return {
      id,
      label: words.label,
      // Shown here and handled by the page, which knows what has the focus.
      ...(accelerator === null ? {} : { accelerator, registerAccelerator: false }),
      click: (_item: unknown, window: BaseWindow | undefined) => tell(window, id),
    };
  });

function tell(window: BaseWindow | undefined, id: KnownCommand): void {
  if (window && 'webContents' in window) (window as BrowserWindow).webContents.send(COMMAND_CHANNEL, id);
}

/** `$mod+Shift+z` as CmdOrCtrl+Shift+Z. Characters alone have none: in a menu they would take what is typed. */
function acceleratorOf(keys: string | undefined): string | null {
  if (!keys?.startsWith('$mod+')) return null;
  return keys.replace('$mod', 'CmdOrCtrl').replace(/[a-z]$/, (letter) => letter.toUpperCase());
}
