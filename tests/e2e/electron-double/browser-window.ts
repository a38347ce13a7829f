import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { BrowserContext, Page, Request as PageRequest, Route } from '@playwright/test';
import { launchChromium } from './chromium.ts';
import { app, ipcMain, report, schemes } from './core.ts';
import { PageWiring, type FromPage } from './page-wiring.ts';
import type { MessagePortMain } from './ports.ts';

interface WindowOptions {
  width: number;
  height: number;
  webPreferences: Record<string, unknown> & { preload: string };
}

type WindowOpenHandler = (details: { url: string }) => { action: 'allow' | 'deny' };

/** Origins of custom schemes as Chromium sees them: `app://configiq/x` is `https://configiq.app.test/x`. */
const WEB_SUFFIX = '.test';
const toWeb = (url: string): string => {
  const { protocol, host, pathname, search, hash } = new URL(url);
  const scheme = protocol.slice(0, -1);
  return schemes.has(scheme) ? `https://${host}.${scheme}${WEB_SUFFIX}${pathname}${search}${hash}` : url;
};
const fromWeb = (url: string): string => {
  const { hostname, pathname, search, hash } = new URL(url);
  const [, host, scheme] = /^(.+)\.([^.]+)\.test$/.exec(hostname) ?? [];
  return host && scheme && schemes.has(scheme) ? `${scheme}://${host}${pathname}${search}${hash}` : url;
};

let sharedContext: Promise<BrowserContext> | null = null;
const windows: BrowserWindow[] = [];

export class WebContents extends EventEmitter {
  windowOpenHandler: WindowOpenHandler = () => ({ action: 'allow' });
  readonly session = {
    requestHandler: (_contents: unknown, _permission: string, decide: (isGranted: boolean) => void) => decide(true),
    checkHandler: (_contents: unknown, _permission: string): boolean => true,
    setPermissionRequestHandler(handler: typeof this.requestHandler) {
      this.requestHandler = handler;
    },
    setPermissionCheckHandler(handler: typeof this.checkHandler) {
      this.checkHandler = handler;
    },
  };

  setWindowOpenHandler(handler: WindowOpenHandler): void {
    this.windowOpenHandler = handler;
  }
}

export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents();
  readonly options: WindowOptions;
  isShown = false;
  private readonly opened: Promise<{ page: Page; wiring: PageWiring }>;
  /** The address the main process asked for; every other document is the page's own idea. */
  private asked: string | null = null;
  private lastOpening: 'allow' | 'deny' = 'allow';

  static getAllWindows = (): BrowserWindow[] => windows;

  constructor(options: WindowOptions) {
    super();
    const { contextIsolation, sandbox, nodeIntegration } = options.webPreferences;
    if (contextIsolation !== true || sandbox !== true || nodeIntegration !== false) {
      throw new Error('The double only knows windows with contextIsolation and sandbox on and nodeIntegration off.');
    }
    this.options = options;
    windows.push(this);
    this.opened = this.open();
  }

  async loadURL(url: string): Promise<void> {
    const { page } = await this.opened;
    this.asked = toWeb(url);
    await page.goto(this.asked);
    this.emit('ready-to-show');
    report({ kind: 'loaded' });
  }

  show(): void {
    this.isShown = true;
  }

  focus(): void {}
  restore(): void {}
  isMinimized(): boolean {
    return false;
  }

  close(): void {
    void this.opened.then(({ page }) => page.close());
  }

  private async open(): Promise<{ page: Page; wiring: PageWiring }> {
    sharedContext ??= this.launch();
    const context = await sharedContext;
    const page = context.pages()[0] ?? (await context.newPage());
    const wiring = await PageWiring.attach(page, this.options.webPreferences.preload, (message) =>
      this.receive(page, wiring, message),
    );
    page.on('close', () => this.closed(wiring));
    await page.route('**/*', (route) => this.answer(page, route));
    await context.route('**/*', (route) => this.answerOpened(route));
    context.on('page', (opened) => void this.closeIfDenied(opened));
    return { page, wiring };
  }

  private async launch(): Promise<BrowserContext> {
    const { width, height } = this.options;
    const { context, devToolsUrl } = await launchChromium(join(app.getPath('userData'), 'chromium'), { width, height });
    app.beforeEnd = () => context.close();
    report({ kind: 'launched', devToolsUrl });
    return context;
  }

  private closed(wiring: PageWiring): void {
    windows.splice(windows.indexOf(this), 1);
    wiring.closePorts();
    this.emit('closed');
    if (windows.length === 0) app.emit('window-all-closed');
  }

  private receive(page: Page, wiring: PageWiring, message: FromPage): void {
    if (message.kind !== 'send') return;
    const senderFrame = {
      url: fromWeb(page.url()),
      parent: null,
      postMessage: (channel: string, data: unknown, ports: MessagePortMain[] = []) => wiring.post(channel, data, ports),
    };
    ipcMain.emit(message.channel, { sender: this.webContents, senderFrame }, ...message.args);
  }

  /** Every request of the page: documents must be allowed, files come from protocol handlers. */
  private async answer(page: Page, route: Route): Promise<void> {
    const request = route.request();
    if (request.isNavigationRequest() && !this.mayLoad(page, request)) return route.abort('aborted');
    const url = fromWeb(request.url());
    const handler = schemes.get(new URL(url).protocol.slice(0, -1));
    // Nothing here may reach the network.
    if (!handler) return route.abort('internetdisconnected');
    const response = await handler(new Request(url, { method: request.method() }));
    return route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    });
  }

  private mayLoad(page: Page, request: PageRequest): boolean {
    const isMainFrame = request.frame() === page.mainFrame();
    if (isMainFrame && request.url() === this.asked) {
      this.asked = null;
      return true;
    }
    let isAllowed = true;
    const event = { url: fromWeb(request.url()), isMainFrame, preventDefault: () => void (isAllowed = false) };
    this.webContents.emit('will-frame-navigate', event);
    if (isMainFrame) this.webContents.emit('will-navigate', event);
    return isAllowed;
  }

  /**
   * The first request of a window that the page opens. Chromium has opened it by then, unlike Electron, which asks first; so it
   * gets nothing to show, and is closed as soon as Playwright knows it.
   */
  private answerOpened(route: Route): Promise<void> {
    const { action } = this.webContents.windowOpenHandler({ url: fromWeb(route.request().url()) });
    this.lastOpening = action;
    return route.abort('aborted');
  }

  private async closeIfDenied(opened: Page): Promise<void> {
    if (this.lastOpening === 'deny') await opened.close();
  }
}
