import { defineConfig } from '@playwright/test';
import { findChromium } from './scripts/find-chromium.mjs';
import { CHROMIUM_FLAGS } from './tests/e2e/chromium-flags.ts';

/** `npm test` installs a Chromium when there is none; here its absence is Playwright's error, never a skipped test. */
const executablePath = findChromium()?.path;

const TIMED = /@timed/;

export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '**/*.e2e.ts',
  globalSetup: './tests/e2e/build-first.ts',
  outputDir: 'test-results',
  workers: 2,
  // Only what hangs: the longest journey takes 35 s on a quiet machine with two cores.
  timeout: 120_000,
  expect: { timeout: 10_000 },
  forbidOnly: Boolean(process.env['CI']),
  reporter: [['list']],
  // What holds a time that somebody would wait has the machine to itself, after all others. One file: `--no-deps` leaves those out.
  projects: [
    { name: 'journeys', grepInvert: TIMED },
    { name: 'timed', grep: TIMED, workers: 1, dependencies: ['journeys'] },
  ],
  use: {
    viewport: { width: 1280, height: 800 },
    // Pictures of the document at every key would double the time of the journeys by keyboard.
    trace: { mode: 'retain-on-failure', snapshots: false },
    screenshot: 'only-on-failure',
    launchOptions: { args: CHROMIUM_FLAGS, ...(executablePath ? { executablePath } : {}) },
  },
});
