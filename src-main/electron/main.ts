import { dirname, join } from 'node:path';
import { app, BrowserWindow, dialog, protocol } from 'electron';
import { errorInfo, type ErrorInfo } from '../../src-worker/engine/errors.ts';
import { rendererFolder } from '../rpc/renderer-folder.ts';
import { createAppService, type AppService } from '../services/app-service.ts';
import { dataFolder } from '../services/data-folder.ts';
import { workerPath } from '../services/worker-path.ts';
import { serveWindows } from './bridge.ts';
import { setApplicationMenu } from './menu.ts';
import { APP_SCHEME, APP_URL, isAppUrl, pageFileHandler } from './page-files.ts';
import { openWindow, preloadPath } from './window.ts';

/** Set by `electron-vite dev`: the page then comes from its server. Never looked at in a packaged app. */
const developmentUrl = app.isPackaged ? undefined : process.env['ELECTRON_RENDERER_URL'];
const pageUrl = developmentUrl ?? APP_URL;
const isOwnPage = (url: string): boolean =>
  isAppUrl(url) ||
  (developmentUrl !== undefined && URL.canParse(url) && new URL(url).origin === new URL(developmentUrl).origin);

try {
  prepare();
} catch (thrown) {
  giveUp(thrown);
}

/** What Electron wants settled before it is ready. */
function prepare(): void {
  // Chromium's profile lies beside the database, so that one variable (CONFIGIQ_HOME) moves everything.
  app.setPath('userData', join(dataFolder(), 'window'));
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
  // A second start shows the first one's window: two would write to one database for no gain.
  if (!app.requestSingleInstanceLock()) return app.quit();
  app.on('second-instance', showWindow);
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  app.whenReady().then(start).catch(giveUp);
}

function start(): void {
  const page = rendererFolder();
  const service = createAppService({ host: 'electron', dataFolder: dataFolder(), workerPath });
  closeBeforeQuitting(service);
  protocol.handle(
    APP_SCHEME,
    pageFileHandler(page, (path) => service.openExport(path)),
  );
  serveWindows(service, isOwnPage);
  setApplicationMenu(!app.isPackaged);
  app.on('activate', showWindow);
  showWindow();
}

function showWindow(): void {
  const [window] = BrowserWindow.getAllWindows();
  if (!window) {
    openWindow({
      pageUrl,
      preload: preloadPath(dirname(rendererFolder())),
      isDevelopment: !app.isPackaged,
      boundsFile: join(app.getPath('userData'), 'window-bounds.json'),
    });
    return;
  }
  if (window.isMinimized()) window.restore();
  window.focus();
}

/** Quitting waits until running sweeps have stored what is done and the database is closed. */
function closeBeforeQuitting(service: AppService): void {
  let isClosed = false;
  app.on('will-quit', (event) => {
    if (isClosed) return;
    event.preventDefault();
    const quit = () => {
      isClosed = true;
      app.quit();
    };
    service.close().then(quit, (thrown: unknown) => {
      console.error(errorInfo(thrown).message);
      quit();
    });
  });
}

function giveUp(thrown: unknown): void {
  const error: ErrorInfo = errorInfo(thrown);
  dialog.showErrorBox('ConfigIQ cannot start', error.message);
  app.exit(error.family === 'file' ? 4 : 1);
}
