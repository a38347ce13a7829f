import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium, type BrowserContext } from '@playwright/test';
import { CHROMIUM_FLAGS } from '../chromium-flags.ts';

/**
 * One Chromium behind all windows of a run, started with its first window as Electron's is. The test drives it too, over
 * the DevTools port.
 */
export interface SharedChromium {
  context: BrowserContext;
  devToolsUrl: string;
}

export async function launchChromium(
  profile: string,
  size: { width: number; height: number },
): Promise<SharedChromium> {
  const executablePath = process.env['CHROMIUM'];
  if (!executablePath) throw new Error('CHROMIUM must name the Chromium to use.');
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    viewport: size,
    args: [...CHROMIUM_FLAGS, '--remote-debugging-port=0'],
  });
  return { context, devToolsUrl: `http://127.0.0.1:${await devToolsPort(profile)}` };
}

/** Chromium chooses the port and writes it down once it listens. */
async function devToolsPort(profile: string): Promise<string> {
  const file = join(profile, 'DevToolsActivePort');
  for (;;) {
    const port = existsSync(file) ? readFileSync(file, 'utf8').split('\n')[0] : '';
    if (port) return port;
    await pause(10);
  }
}
