import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startHost } from './browser-host-process.ts';
import { expect, test } from './fixtures.ts';
import { AppPage } from './pages/app-page.ts';

// What goes wrong is told in words, the rest goes on working, and nothing typed is lost.

const KILL_WORKER = ['--import', './tests/e2e/kill-worker.ts'];

test('a file of 50 MB, a picture and pasted prose are refused in words; question and answer stay', async ({
  page,
  host,
  folder,
}) => {
  const app = new AppPage(page);
  await app.open(host.url);
  const before = await app.size.verdict.innerText();
  await app.size.setUsers('77');
  await expect(app.size.verdict).not.toHaveText(before, { useInnerText: true });
  const verdict = await app.size.verdict.innerText();
  const large = join(folder, 'weights.json');
  await writeFile(large, Buffer.alloc(50_000_000, 32));
  await page.getByLabel('Choose config.json').setInputFiles(large);
  await expect(app.size.importProblem()).toContainText('50 MB');
  await app.size.importConfig('picture.json', '\u0089PNG\r\n\u001a\n');
  await expect(app.size.importProblem()).toContainText('not valid JSON');
  await app.size.importConfig('encoder.json', '{ "model_type": "bert", "hidden_size": 768 }');
  await expect(app.size.importProblem()).toContainText('bert');
  await expect(app.size.verdict).toHaveText(verdict, { useInnerText: true });
  await expect(page.getByRole('textbox', { name: 'Users', exact: true })).toHaveValue('77');
  expect(app.complaints).toEqual([]);
});

test('a worker that dies in the middle of a sweep is replaced, told of, and nothing of the sweep is missing', async ({
  page,
  folder,
}) => {
  const host = await startHost(folder, ['--browser'], KILL_WORKER);
  const app = new AppPage(page);
  await app.open(host.url);
  await app.show('Sweep');
  await app.sweep.setAxes({ users: '1..150:1', weights: ['FP16', 'FP8'], zones: 'Held' });
  await app.sweep.start();
  await expect.poll(() => app.sweep.donePoints()).toBeGreaterThan(0);
  host.killWorkers();
  await expect(app.sweep.result).toContainText('300 points computed', { timeout: 30_000 });
  await expect(app.sweep.result).toContainText('worker stopped and was restarted');
  expect(app.complaints).toEqual([]);
  await host.stop();
});

test(
  'a worker that dies between two edits leaves no edit without its answer',
  { tag: '@timed' },
  async ({ page, folder }) => {
    const host = await startHost(folder, ['--browser'], KILL_WORKER);
    const app = new AppPage(page);
    await app.open(host.url);
    const verdict = await app.size.verdict.innerText();
    host.killWorkers();
    await app.size.setUsers('6000');
    await expect(app.size.verdict).not.toHaveText(verdict, { useInnerText: true });
    await app.size.waitForAnswer();
    await host.stop();
  },
);

test('a host that goes away is told of; what was typed stays, also what is typed meanwhile', async ({
  page,
  folder,
}) => {
  const host = await startHost(folder);
  const app = new AppPage(page);
  await app.open(host.url);
  await app.size.setUsers('4321');
  await app.size.waitForAnswer();
  await expect(page.getByText('Draft kept')).toBeVisible();
  await host.stop();
  await expect(app.statusBar).toContainText(/Not connected|Connection lost/);
  const users = page.getByRole('textbox', { name: 'Users', exact: true });
  await users.fill('5432');
  await expect(users).toHaveValue('5432');
  await expect(app.size.verdict).toBeVisible();
  for (const screen of ['Start', 'Sweep', 'Runs', 'Size'] as const) await app.show(screen);
  await expect(users).toHaveValue('5432');

  const again = await startHost(folder);
  await page.goto(again.url);
  await expect(page.getByRole('textbox', { name: 'Users', exact: true })).toHaveValue('4321');
  await again.stop();
});
