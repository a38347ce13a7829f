import { invalidInput } from '../../src-worker/engine/errors.ts';
import { rendererFolder } from '../rpc/renderer-folder.ts';
import { createAppService } from '../services/app-service.ts';
import { dataFolder } from '../services/data-folder.ts';
import { startAppServer } from './app-server.ts';

export { openUrl } from './open-url.ts';
export { dataFolder };

const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '::1'];
const MAX_PORT = 65_535;

export interface BrowserHost {
  /** The page with its token: what to open, and what to keep to oneself. */
  url: string;
  token: string;
  /** Ends connections, sweeps (what is done is kept), workers and the database. */
  close(): Promise<void>;
}

/**
 * Serves the app over loopback: the same page, services and answers as the desktop window, for machines without
 * Electron's binary or a display. `port` 0 takes a free one; `dataFolder` and `workerPath` default to the platform's data
 * folder and the built worker. Throws a ConfigIqError: invalid input for a host that is not loopback or a port that
 * cannot be had (exit 2), a file error when the page has not been built or the catalogs cannot be read (exit 4).
 */
export async function startBrowserHost(
  options: { dataFolder?: string; port?: number; host?: string; workerPath?: string } = {},
): Promise<BrowserHost> {
  const host = checkedHost(options.host ?? '127.0.0.1');
  const port = checkedPort(options.port ?? 0);
  const folder = rendererFolder();
  const workerPath = options.workerPath ?? (await builtWorkerPath());
  const service = createAppService({ host: 'browser', dataFolder: options.dataFolder ?? dataFolder(), workerPath });
  try {
    const server = await startAppServer({
      app: service,
      openExport: (path) => service.openExport(path),
      rendererFolder: folder,
      host,
      port,
    });
    const close = async () => {
      await server.close();
      await service.close();
    };
    return { url: server.url, token: server.token, close };
  } catch (thrown) {
    await service.close();
    throw thrown;
  }
}

/** Imported late: only the bundler knows where the worker ends up, and tests name theirs. */
async function builtWorkerPath(): Promise<string> {
  const { workerPath } = await import('../services/worker-path.ts');
  return workerPath;
}

function checkedHost(host: string): string {
  if (LOOPBACK_HOSTS.includes(host)) return host;
  throw invalidInput(
    'host_not_loopback',
    `--host ${host.slice(0, 60)} would open ConfigIQ to other machines, which is not supported: use 127.0.0.1, ` +
      'and "ssh -L PORT:127.0.0.1:PORT" to reach it from elsewhere.',
    { host },
  );
}

function checkedPort(port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return port;
  throw invalidInput('port_out_of_range', `--port ${port} is not a port: give 1 to ${MAX_PORT}, or 0 for a free one.`, {
    port,
  });
}
