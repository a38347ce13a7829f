// node scripts/screenshots.mjs: the pictures of docs/screens, made from the built app with an empty data folder.
import './check-node.mjs';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { buildIfStale, root } from './build.mjs';
import { ensureChromium } from './find-chromium.mjs';

const SIZES = [
  { width: 1280, height: 800 },
  { width: 1024, height: 700 },
];
const THEMES = ['light', 'dark'];
const folder = join(root, 'docs', 'screens');

buildIfStale();
const executablePath = ensureChromium(console.log);
const { startBrowserHost } = await import('../out/main/browser.js');
const dataFolder = mkdtempSync(join(tmpdir(), 'configiq-screens-'));
const host = await startBrowserHost({ dataFolder });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
mkdirSync(folder, { recursive: true });
try {
  for (const viewport of SIZES) for (const colorScheme of THEMES) await photograph(viewport, colorScheme);
} finally {
  await browser.close();
  await host.close();
  rmSync(dataFolder, { recursive: true });
}

async function photograph(viewport, colorScheme) {
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' });
  const save = async (name) => {
    const file = `${name}-${viewport.width}x${viewport.height}-${colorScheme}.png`;
    await page.screenshot({ path: join(folder, file) });
    console.log(`docs/screens/${file}`);
  };
  await page.goto(host.url);
  await page.getByTestId('verdict').waitFor();
  await page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
  await page
    .getByTestId('status-bar')
    .getByText(/ in \d/)
    .waitFor();
  await save('size');

  await show(page, 'Sweep');
  await page.getByRole('textbox', { name: 'Users' }).fill('10, 50, 100, 500, 1000');
  await chooseWeights(page, ['FP16', 'FP8', 'INT4']);
  await page.getByRole('button', { name: 'Start sweep' }).click();
  await page.getByTestId('sweep-result').waitFor();
  await save('sweep');

  await show(page, 'Runs');
  await page.getByTestId('runs-table').locator('tbody tr').first().getByRole('button').click();
  await page.getByTestId('run-detail').waitFor();
  await save('runs');
  await page.close();
}

function show(page, screen) {
  return page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click();
}

async function chooseWeights(page, wanted) {
  for (const chip of await page.getByRole('group', { name: 'Weights' }).getByRole('button').all()) {
    const isOn = (await chip.getAttribute('aria-pressed')) === 'true';
    if (wanted.includes((await chip.innerText()).trim()) !== isOn) await chip.click();
  }
}
