import { spawn, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

export const PROJECT = resolve(import.meta.dirname, '../..');
const LAUNCHER = resolve(PROJECT, 'bin/configiq.mjs');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Builds when out/ is missing or older than its sources, as `npm start` does. */
export function ensureBuilt(): void {
  const builder = JSON.stringify(resolve(PROJECT, 'scripts/build.mjs'));
  const program = `const { buildIfStale } = await import(${builder}); buildIfStale();`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The build failed: ${stderr}`);
}

/** The real program in a process of its own, with nothing of this one's environment that could change its words. */
export function startConfigiq(args: string[], home: string, environment: Record<string, string> = {}, cwd = PROJECT) {
  return spawn(process.execPath, [LAUNCHER, ...args], {
    cwd,
    env: {
      PATH: process.env['PATH'],
      LANG: 'C.UTF-8',
      CI: '1',
      CONFIGIQ_HOME: home,
      HF_HOME: join(home, 'huggingface'),
      ...environment,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** `input` comes through its standard input; `cwd` is the folder it is started in. */
export function runConfigiq(
  args: string[],
  home: string,
  environment: Record<string, string> = {},
  input = '',
  cwd = PROJECT,
): Promise<Ended> {
  const child = startConfigiq(args, home, environment, cwd);
  // It may end without reading it all.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
  return new Promise((settle, fail) => {
    child.on('error', fail);
    child.on('close', (code) => settle({ ...ended, code }));
  });
}
