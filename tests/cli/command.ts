import { spawn, spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { inject } from 'vitest';
import { runArguments } from '../../src-main/cli/run.ts';

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

const environmentAt = (home: string, more: Record<string, string>) => ({
  PATH: process.env['PATH'],
  LANG: 'C.UTF-8',
  CI: '1',
  CONFIGIQ_HOME: home,
  HF_HOME: join(home, 'huggingface'),
  ...more,
});

/** The real program in a process of its own, with nothing of this one's environment that could change its words. */
export function startConfigiq(
  args: string[],
  home: string,
  environment: Record<string, string> = {},
  cwd = PROJECT,
  user: { uid?: number; gid?: number } = {},
) {
  return spawn(process.execPath, [LAUNCHER, ...args], {
    ...user,
    cwd,
    env: environmentAt(home, environment),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** `input` comes through its standard input; `cwd` is the folder it is started in, `user` who starts it, where that is another. */
export function runConfigiq(
  args: string[],
  home: string,
  environment: Record<string, string> = {},
  input = '',
  cwd = PROJECT,
  user: { uid?: number; gid?: number } = {},
): Promise<Ended> {
  const child = startConfigiq(args, home, environment, cwd, user);
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

/**
 * The same command line in this process, each time with a service, a database connection and threads of its own: what a
 * process costs beside them (0.4 s of a core) is only spent where a test is about the process, and once a file.
 */
export async function askConfigiq(
  args: string[],
  home: string,
  environment: Record<string, string> = {},
  input = '',
  cwd = PROJECT,
): Promise<Ended> {
  const leave = enterFolder(cwd);
  const said = { stdout: '', stderr: '' };
  try {
    const code = await runArguments(args, {
      environment: environmentAt(home, environment),
      out: { write: (text: string) => Boolean((said.stdout += text)) },
      err: { write: (text: string) => Boolean((said.stderr += text)), isTTY: false },
      input: () => Readable.from([Buffer.from(input)]),
      signals: new EventEmitter(),
      workerPath: () => Promise.resolve(inject('workerPath')),
    });
    return { code, ...said };
  } finally {
    leave();
  }
}

const entered = new Set<object>();

/** The folder is the process's: whoever runs at the same time must be in the same one. */
function enterFolder(folder: string): () => void {
  const before = process.cwd();
  if (entered.size > 0 && resolve(folder) !== before) throw new Error(`A command runs in ${before}, not in ${folder}.`);
  const stay = {};
  entered.add(stay);
  process.chdir(folder);
  return () => {
    entered.delete(stay);
    if (entered.size === 0) process.chdir(PROJECT);
  };
}
