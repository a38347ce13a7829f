import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BrowserWindow, screen, shell, type Session, type WebContents } from 'electron';
import { isAllowedLink } from './external-links.ts';
import { boundsText, MIN_HEIGHT, MIN_WIDTH, readBounds } from './window-bounds.ts';

/** Copying a command to the clipboard. The page needs nothing else that a person would be asked for. */
const ALLOWED_PERMISSIONS = ['clipboard-sanitized-write'];

/** Opens the window on `pageUrl`. The page runs sandboxed, apart from the preload, and can go nowhere else. */
export function openWindow(options: {
  pageUrl: string;
  preload: string;
  isDevelopment: boolean;
  /** Where the size and place of the window are kept. */
  boundsFile: string;
}): BrowserWindow {
  const bounds = readBounds(
    textOf(options.boundsFile),
    screen.getAllDisplays().map(({ workArea }) => workArea),
  );
  const window = new BrowserWindow({
    title: 'ConfigIQ',
    ...bounds.place,
    width: bounds.width,
    height: bounds.height,
    minWidth: MIN_WIDTH,
    minHeight: MIN_HEIGHT,
    // Shown once painted, so that no white square flashes in dark mode.
    show: false,
    webPreferences: {
      preload: options.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      devTools: options.isDevelopment,
    },
  });
  window.on('page-title-updated', (event) => event.preventDefault());
  window.once('ready-to-show', () => {
    if (bounds.isMaximized) window.maximize();
    window.show();
  });
  window.on('close', () => keepBounds(window, options.boundsFile));
  refuseToLeave(window.webContents, options.pageUrl);
  refusePermissions(window.webContents.session);
  void window.loadURL(options.pageUrl);
  return window;
}

export const preloadPath = (outFolder: string): string => join(outFolder, 'preload', 'preload.cjs');

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Nothing was kept yet, or it cannot be read: the window opens where the system puts it.
    return null;
  }
}

/** Written at once: the program may be about to quit. A window that cannot keep its place still closes. */
function keepBounds(window: BrowserWindow, file: string): void {
  try {
    writeFileSync(file, boundsText({ ...window.getNormalBounds(), isMaximized: window.isMaximized() }));
  } catch (thrown) {
    console.error(`The place of the window was not kept: ${String(thrown)}`);
  }
}

/** The page stays where it is: links of the allow list open in the system's browser, all others do nothing. */
function refuseToLeave(contents: WebContents, pageUrl: string): void {
  // Told of every frame, the main one included, so that no other event needs the same answer.
  contents.on('will-frame-navigate', (event) => {
    const isReload = event.isMainFrame && event.url === pageUrl;
    if (isReload) return;
    event.preventDefault();
    if (event.isMainFrame) openExternally(event.url);
  });
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    openExternally(url);
    return { action: 'deny' };
  });
}

function openExternally(url: string): void {
  if (!isAllowedLink(url)) return;
  shell.openExternal(url).catch((thrown: unknown) => console.error(`The link could not be opened: ${String(thrown)}`));
}

function refusePermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, decide) =>
    decide(ALLOWED_PERMISSIONS.includes(permission)),
  );
  session.setPermissionCheckHandler((_contents, permission) => ALLOWED_PERMISSIONS.includes(permission));
}
