// npm run screens: docs/screens/<screen>-<light|dark>[-1024].png of the built app, drawn anew with real answers.
import './check-node.mjs';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { buildIfStale, root } from './build.mjs';
import { ensureChromium } from './find-chromium.mjs';

const LARGE = { width: 1280, height: 800 };
const SMALL = { width: 1024, height: 700 };
const THEMES = ['light', 'dark'];

buildIfStale();
const { startBrowserHost } = await import('../out/main/browser.js');
const folder = join(root, 'docs', 'screens');
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (name.endsWith('.png')) rmSync(join(folder, name));

const browser = await chromium.launch({
  executablePath: ensureChromium(console.log),
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  for (const viewport of [LARGE, SMALL]) for (const colorScheme of THEMES) await photograph(viewport, colorScheme);
} finally {
  await browser.close();
}

/** One walk through the app on a data folder of its own, so that every picture starts from a first run. */
async function photograph(viewport, colorScheme) {
  const dataFolder = mkdtempSync(join(tmpdir(), 'configiq-screens-'));
  const host = await startBrowserHost({ dataFolder });
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' });
  const save = async (name) => {
    const file = `${name}-${colorScheme}${viewport === SMALL ? '-1024' : ''}.png`;
    await page.screenshot({ path: join(folder, file) });
    console.log(`docs/screens/${file}`);
  };
  try {
    await page.goto(host.url);
    await walk(page, save);
    // The last picture: the host has gone, the window stands.
    await show(page, 'Size');
    await answered(page);
    await host.close();
    await page.getByText('The connection to ConfigIQ was lost.').first().waitFor();
    await save('error');
  } finally {
    await page.close();
    rmSync(dataFolder, { recursive: true });
  }
}

async function walk(page, save) {
  for (const id of ['chat', 'rag', 'code']) await page.getByTestId(`example-${id}`).getByText('/h').waitFor();
  await save('start');

  await page.getByTestId('example-chat').click();
  await answered(page);
  await page.getByTestId('load-curve').waitFor();
  await save('sizing');
  await page.locator('[data-explain="ttft_p95"]').first().click();
  await page
    .getByRole('dialog')
    .getByText(/queue|wait/i)
    .first()
    .waitFor();
  await save('explain');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.getByTestId('palette').waitFor();
  await save('palette');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: /See all results/ }).click();
  await page.getByTestId('results-table').waitFor();
  await save('results');
  await show(page, 'Size');
  await page.getByRole('button', { name: 'Open this configuration' }).click();
  await page.getByTestId('detail').waitFor();
  await page.getByText('requests at each load').waitFor();
  await save('detail');

  await show(page, 'Size');
  await page.getByText('Advanced', { exact: true }).click();
  await page.getByLabel('TTFT P95 target, ms').fill('4');
  await page.getByTestId('relaxations').waitFor();
  await answered(page);
  await save('no-answer');
  await page.getByRole('button', { name: 'Reset all to defaults' }).click();
  await answered(page);

  await show(page, 'Sweep');
  for (const axis of ['Weights', 'GPUs']) await page.getByRole('button', { name: new RegExp(`^${axis}:`) }).click();
  await setUsers(page, '25..3200/12log');
  await page
    .getByText(/^About/)
    .or(page.getByText('capacity searches'))
    .first()
    .waitFor();
  await save('sweep');
  await page.getByRole('button', { name: /^Start sweep/ }).click();
  await page.getByTestId('sweep-result').getByText('points computed').waitFor();
  await page.evaluate(() => document.activeElement?.blur());
  await save('sweep-result');
  for (const [view, part] of [
    ['Break-even', 'break-even'],
    ['Sensitivity', 'tornado'],
    ['Goodput', 'goodput'],
  ]) {
    await page.getByTestId('sweep-result').getByRole('radio', { name: view, exact: true }).click();
    await page.getByTestId(part).waitFor();
    await save(`sweep-${view.toLowerCase()}`);
  }
  await setUsers(page, '1..10000:1');
  await page.getByRole('button', { name: /^Start sweep/ }).click();
  await page.waitForFunction((done) => Number(document.querySelector('[role=progressbar]')?.ariaValueNow) > done, 2000);
  await page.waitForTimeout(300);
  await save('sweep-running');
  await page.getByTestId('sweep-progress').getByRole('button', { name: 'Stop' }).click();
  await page.getByText('Stopped at').first().waitFor();
  await show(page, 'Runs');
  await page.locator('[data-testid="runs"][aria-busy="false"]').waitFor();
  await page.getByTestId('runs-table').getByRole('rowheader').first().click();
  await page.getByTestId('run-detail').waitFor();
  await save('runs');

  await show(page, 'Simulate');
  await simulated(page);
  await save('simulate');
  await page.getByRole('radio', { name: 'Trace' }).click();
  await page
    .getByTestId('simulate')
    .locator('input[type=file]')
    .setInputFiles({ name: 'busy-minute.csv', mimeType: 'text/csv', buffer: Buffer.from(busyMinute()) });
  await page.getByTestId('trace-facts').waitFor();
  await simulated(page);
  await page.getByTestId('timeline').scrollIntoViewIfNeeded();
  await save('simulate-trace');
  await page.getByRole('radio', { name: 'Rate' }).click();
  await page.getByLabel('Requests per second').fill('60');
  await page.getByRole('heading', { name: 'cannot keep up' }).waitFor();
  await simulated(page);
  await save('simulate-saturated');

  await show(page, 'Accuracy');
  await page.getByTestId('agreement').waitFor();
  await page.getByTestId('largest-misses').getByRole('button').first().click();
  await save('accuracy');

  await show(page, 'Catalogs');
  const facts = page.getByTestId('catalog-inspector');
  await page.getByTestId('catalog-table').getByRole('rowheader', { name: 'L40S', exact: true }).click();
  await facts.getByRole('button', { name: 'Correct Memory bandwidth' }).click();
  await facts.getByLabel('Memory bandwidth', { exact: true }).fill('790');
  await facts.getByLabel('Why').fill('measured with a copy of 4 GiB');
  await facts.getByRole('button', { name: 'Correct', exact: true }).click();
  await facts.getByText('yours', { exact: true }).waitFor();
  await page.getByTestId('toast').getByRole('button', { name: 'Dismiss' }).click();
  await computed(page);
  await save('catalogs');
  await facts.getByRole('button', { name: 'Restore Memory bandwidth' }).click();
  await page.getByTestId('toast').getByText('Restored').waitFor();
  await page.getByTestId('toast').getByRole('button', { name: 'Dismiss' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Import a catalog' }).click();
  await page.getByRole('button', { name: 'Fill in a sample' }).click();
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByTestId('catalog-changes').waitFor();
  await save('catalogs-import');
  await page.keyboard.press('Escape');

  await show(page, 'Models');
  await page.getByRole('searchbox', { name: /^Search models/ }).fill('qwen3 30b');
  await page.getByTestId('models-table').getByRole('rowheader', { name: 'Qwen/Qwen3-30B-A3B', exact: true }).click();
  await page.getByRole('searchbox', { name: /^Search models/ }).fill('qwen3');
  await page.getByTestId('fits-table').waitFor();
  await save('models');

  await page.evaluate(() => (window.location.hash = '#components'));
  await page.keyboard.press('Control+k');
  await page.getByTestId('palette').getByText('Go to Components and states').click();
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await save('components');
}

/** Until the simulation belongs to what stands in the form. */
async function simulated(page) {
  await page.getByTestId('verdict').waitFor();
  await page.waitForTimeout(400);
  await page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
}

/** A trace of a minute in which more and more requests come, and then fewer: 5 to 45 a second. */
function busyMinute() {
  const lines = ['arrival_s,input_tokens,output_tokens'];
  for (let s = 0; s < 60; s += 1) {
    const count = Math.round(5 + 40 * Math.sin((Math.PI * s) / 60) ** 2);
    for (let i = 0; i < count; i += 1) {
      const at = s + i / count;
      lines.push(`${at.toFixed(3)},${600 + ((s * 37 + i * 101) % 1200)},${100 + ((s * 53 + i * 71) % 500)}`);
    }
  }
  return lines.join('\n');
}

/** Replaces the chips of the axis. */
async function setUsers(page, words) {
  const remove = page.getByRole('list', { name: 'Users: chosen' }).getByRole('button', { name: /^Remove/ });
  for (let old = await remove.count(); old > 0; old -= 1) await remove.first().click();
  const add = page.getByRole('textbox', { name: 'Users: add' });
  await add.fill(words);
  await add.press('Enter');
}

/** Until the answer belongs to what stands in the form. */
async function answered(page) {
  await page.getByTestId('verdict').waitFor();
  await page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
  await computed(page);
}

/** Until the status bar tells how long the last answer took. */
async function computed(page) {
  await page
    .getByTestId('status-bar')
    .getByText(/ in \d/)
    .waitFor();
}

function show(page, screen) {
  return page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click();
}
