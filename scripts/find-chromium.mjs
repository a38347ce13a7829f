import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { chromium } from '@playwright/test';
import { aptInstall, install } from './install.mjs';

const VARIABLES = ['CHROMIUM', 'PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH', 'CHROME_PATH'];
const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const FIXED_PATHS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];
const APT_PACKAGES = ['chromium', 'fonts-dejavu-core'];

/** `{ path, origin }` of a Chromium that is there: named by a variable, the system's, or Playwright's own; or null. */
export function findChromium() {
  for (const name of VARIABLES) {
    const path = process.env[name];
    if (!path) continue;
    if (!existsSync(path)) throw new Error(`${name} names ${path}, which does not exist.`);
    return { path, origin: name };
  }
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program)));
  const system = [...candidates, ...FIXED_PATHS].find((path) => existsSync(path));
  if (system) return { path: system, origin: 'system' };
  const own = chromium.executablePath();
  return own && existsSync(own) ? { path: own, origin: 'Playwright' } : null;
}

/**
 * A Chromium, installed when there is none: by apt when we are root on a system that has it, else by Playwright.
 * `say` is told what was found or done. Throws when neither way works: browser tests are never left out in silence.
 */
export function ensureChromium(say) {
  const found = findChromium();
  if (found) {
    say(`Chromium: ${found.path} (${found.origin}).`);
    return found.path;
  }
  const failures = [];
  for (const [how, attempt] of [
    ['apt-get', (tell) => aptInstall(APT_PACKAGES, tell)],
    ['Playwright', installByPlaywright],
  ]) {
    const failure = attempt(say);
    const installed = failure === null ? findChromium() : null;
    if (installed) {
      say(`Chromium: ${installed.path} (installed by ${how}).`);
      return installed.path;
    }
    failures.push(`${how}: ${failure ?? 'it left no Chromium behind'}`);
  }
  throw new Error(
    `There is no Chromium, and none could be installed (${failures.join('; ')}). ` +
      'Install one and set CHROMIUM to its path, then run "npm test" again.',
  );
}

/** Returns null, or why it did not work. */
function installByPlaywright(say) {
  say("No Chromium found: installing Playwright's own.");
  const require = createRequire(import.meta.url);
  const cli = join(dirname(require.resolve('@playwright/test/package.json')), 'cli.js');
  return install(process.execPath, [cli, 'install', 'chromium']);
}
