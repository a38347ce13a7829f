import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from '@playwright/test';
import { startHost, type RunningHost } from './browser-host-process.ts';
import { startDouble, type RunningDouble } from './electron-double/start-double.ts';

interface TestFixtures {
  /** A data folder of this test's own. */
  folder: string;
}

/** Shared by the tests of a worker, which therefore leave them running. */
interface WorkerFixtures {
  /** `npm start -- --browser` in a process of its own. */
  host: RunningHost;
  /** The built Electron main process on the stand-in. */
  desktop: RunningDouble;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  // Playwright reads what a fixture needs from its first parameter, so it must be written out, even empty.
  // eslint-disable-next-line no-empty-pattern
  folder: async ({}, use) => {
    await withFolder(use);
  },
  host: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      await withFolder(async (folder) => {
        const host = await startHost(folder);
        await use(host);
        await host.stop();
      });
    },
    { scope: 'worker' },
  ],
  desktop: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      await withFolder(async (folder) => {
        const desktop = await startDouble(folder);
        await use(desktop);
        await desktop.quit();
      });
    },
    { scope: 'worker' },
  ],
});

export { expect } from '@playwright/test';

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'configiq-e2e-'));
  await use(folder);
  await rm(folder, { recursive: true, maxRetries: 3 });
}
