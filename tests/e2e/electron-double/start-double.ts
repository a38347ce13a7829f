import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from '@playwright/test';
import { findChromium } from '../../../scripts/find-chromium.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface RunningDouble {
  page: Page;
  /** Asks the main process; the names stand in electron.ts. */
  ask<Answer>(question: string, argument?: unknown): Promise<Answer>;
  /** Closes the window as a person would; resolves to the exit code of the main process. */
  quit(): Promise<number | null>;
  stderr(): string;
}

/** Starts the built main process on the double with `dataFolder`, and drives its window. */
export async function startDouble(dataFolder: string): Promise<RunningDouble> {
  const main = spawn(
    process.execPath,
    ['--import', './tests/e2e/electron-double/register.ts', './out/main/electron.js'],
    {
      cwd: root,
      env: {
        ...process.env,
        CONFIGIQ_HOME: dataFolder,
        CHROMIUM: findChromium()?.path ?? '',
        NODE_OPTIONS: '',
        // The test runner asks for color; beside a NO_COLOR of the machine Node would warn about it.
        FORCE_COLOR: undefined,
      },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    },
  );
  let errors = '';
  main.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise<number | null>((resolve) => main.once('exit', resolve));

  const browser = await connect(main, () => errors);
  const page = browser.contexts()[0]!.pages()[0]!;
  let questions = 0;
  const ask = <Answer>(question: string, argument?: unknown) =>
    new Promise<Answer>((resolve) => {
      const id = (questions += 1);
      const receive = (message: { kind: string; id?: number; value?: unknown }) => {
        if (message.kind !== 'answer' || message.id !== id) return;
        main.off('message', receive);
        resolve(message.value as Answer);
      };
      main.on('message', receive);
      main.send({ id, question, argument });
    });
  const quit = async () => {
    if (main.exitCode === null) main.send({ id: 0, question: 'closeWindow' });
    const code = await ended;
    await browser.close();
    return code;
  };
  return { page, ask, quit, stderr: () => errors };
}

/** Once the window has loaded its page. */
async function connect(main: ChildProcess, errors: () => string): Promise<Browser> {
  const devToolsUrl = await new Promise<string>((resolve, reject) => {
    let url = '';
    main.on('message', (message: { kind: string; devToolsUrl?: string; content?: string }) => {
      if (message.kind === 'launched') url = message.devToolsUrl ?? '';
      if (message.kind === 'loaded') resolve(url);
      if (message.kind === 'error-box') reject(new Error(message.content));
    });
    main.once('exit', (code) => reject(new Error(`The main process ended with exit ${code}.\n${errors()}`)));
  });
  return chromium.connectOverCDP(devToolsUrl);
}
