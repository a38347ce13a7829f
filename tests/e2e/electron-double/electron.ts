// What `import … from 'electron'` gets in the main process: the parts that ConfigIQ uses, and no others, so that a new one is
// noticed here.
import { BrowserWindow } from './browser-window.ts';
import { app, ipcMain, report, schemes } from './core.ts';
import { MessageChannelMain } from './ports.ts';

export { app, BrowserWindow, ipcMain, MessageChannelMain };

interface MenuItem {
  role?: string;
  label?: string;
  submenu?: MenuItem[];
}

const openedLinks: string[] = [];
let menu: MenuItem[] = [];
const privileged: unknown[] = [];

export const protocol = {
  registerSchemesAsPrivileged: (list: unknown[]) => void privileged.push(...list),
  handle: (scheme: string, handler: (request: Request) => Promise<Response>) => void schemes.set(scheme, handler),
};

export const screen = {
  getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }],
};

export const shell = {
  openExternal: (url: string): Promise<void> => {
    openedLinks.push(url);
    return Promise.resolve();
  },
};

export const Menu = {
  buildFromTemplate: (template: MenuItem[]) => template,
  setApplicationMenu: (template: MenuItem[]) => void (menu = template),
};

export const dialog = {
  showErrorBox: (title: string, content: string) => report({ kind: 'error-box', title, content }),
};

/** Questions of the test about the main process, by name. */
const questions: Record<string, (argument: unknown) => unknown> = {
  openedLinks: () => openedLinks,
  menu: () => menu,
  privileged: () => privileged,
  windows: () => BrowserWindow.getAllWindows().map(({ options, isShown }) => ({ options, isShown })),
  closeWindow: () => BrowserWindow.getAllWindows()[0]?.close(),
  isPermitted: (permission) => isPermitted(String(permission)),
  connectAs: (frame) => connectAs(frame as { url: string; isTopFrame: boolean }),
};

process.on('message', ({ id, question, argument }: { id: number; question: string; argument: unknown }) => {
  const ask = questions[question];
  report({ kind: 'answer', id, value: ask ? ask(argument) : `unknown question ${question}` });
});

function isPermitted(permission: string): { requested: boolean; checked: boolean } {
  const { session } = BrowserWindow.getAllWindows()[0]!.webContents;
  let requested = true;
  session.requestHandler(null, permission, (isGranted) => void (requested = isGranted));
  return { requested, checked: session.checkHandler(null, permission) };
}

/** Whether a frame at `url` is given a port when it asks to be connected. */
function connectAs({ url, isTopFrame }: { url: string; isTopFrame: boolean }): boolean {
  let isAnswered = false;
  const senderFrame = { url, parent: isTopFrame ? null : {}, postMessage: () => void (isAnswered = true) };
  ipcMain.emit('configiq:connect', { senderFrame });
  return isAnswered;
}
