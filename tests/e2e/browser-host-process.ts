import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface RunningHost {
  /** With the token in the fragment. */
  url: string;
  origin: string;
  token: string;
  /** What it has printed so far; warnings of Node itself, which go to the other stream, are not part of it. */
  output(): string;
  /** Ends it as Ctrl-C does; resolves to its exit code. */
  stop(): Promise<number | null>;
  /** Ends its worker threads; only where the host was started with `kill-worker.ts`. */
  killWorkers(): void;
}

/** Starts the app as `npm start` does on a machine without a display, and waits for the address it prints. */
export async function startHost(
  dataFolder: string,
  options: string[] = ['--browser'],
  nodeOptions: string[] = [],
): Promise<RunningHost> {
  const child = spawn(process.execPath, [...nodeOptions, 'scripts/start.mjs', '--no-open', ...options], {
    cwd: root,
    env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '', CONFIGIQ_HOME: dataFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let warnings = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    const read = (text: string) => {
      output += text;
      const [, found] = /(http:\S+#token=\S+)/.exec(output) ?? [];
      if (found) resolve(found);
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', (text: string) => (warnings += text));
    child.once('exit', (code) => reject(new Error(`The host ended with exit ${code}:\n${output}${warnings}`)));
  });
  const { origin, hash } = new URL(url);
  const stop = () => {
    // The terminal and npm each pass Ctrl-C on, so it arrives twice.
    child.kill('SIGINT');
    child.kill('SIGINT');
    return exited;
  };
  const killWorkers = () => void child.kill('SIGUSR2');
  return { url, origin, token: hash.replace('#token=', ''), output: () => output, stop, killWorkers };
}
