import type { Browser, Page } from '@playwright/test';
import { startHost } from './browser-host-process.ts';
import { startDouble } from './electron-double/start-double.ts';
import { AppPage } from './pages/app-page.ts';

/** One window of the app, whichever program is behind it. */
export interface AppWindow {
  app: AppPage;
  page: Page;
  /** The window goes, the data folder stays. */
  close(): Promise<void>;
}

/** How a window comes to be: the built page in Chromium on the browser host, or in the built Electron main process. */
export const WINDOWS: Record<string, (dataFolder: string, browser: Browser) => Promise<AppWindow>> = {
  'browser host': async (dataFolder, browser) => {
    const host = await startHost(dataFolder);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const app = new AppPage(page);
    await page.goto(host.url);
    const close = async () => {
      await page.close();
      await host.stop();
    };
    return { app, page, close };
  },
  'Electron stand-in': async (dataFolder) => {
    const desktop = await startDouble(dataFolder);
    const close = async () => void (await desktop.quit());
    return { app: new AppPage(desktop.page), page: desktop.page, close };
  },
};
