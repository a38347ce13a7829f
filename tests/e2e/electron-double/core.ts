import { EventEmitter } from 'node:events';

/** Handlers of `protocol.handle` by scheme. */
export const schemes = new Map<string, (request: Request) => Promise<Response> | Response>();
export const ipcMain = new EventEmitter();

/** Tells the test, which listens on Node's IPC channel. */
export function report(message: Record<string, unknown>): void {
  process.send?.(message);
}

/** The life of the program, with the events in Electron's order: before-quit, will-quit (which may be stopped), quit. */
class App extends EventEmitter {
  readonly isPackaged = false;
  /** Ends Chromium. */
  beforeEnd: () => Promise<void> = () => Promise.resolve();
  private readonly paths = new Map<string, string>();

  whenReady(): Promise<void> {
    return Promise.resolve();
  }

  requestSingleInstanceLock(): boolean {
    return true;
  }

  setPath(name: string, path: string): void {
    this.paths.set(name, path);
  }

  getPath(name: string): string {
    const path = this.paths.get(name);
    if (path === undefined) throw new Error(`Failed to get '${name}' path`);
    return path;
  }

  quit(): void {
    let isStopped = false;
    const event = { preventDefault: () => void (isStopped = true) };
    this.emit('before-quit', event);
    if (!isStopped) this.emit('will-quit', event);
    if (!isStopped) this.exit(0);
  }

  exit(code: number): void {
    this.emit('quit', {}, code);
    void this.beforeEnd().finally(() => process.exit(code));
  }
}

export const app = new App();
