import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from '@playwright/test';
import { parse } from 'csv-parse/sync';
import { root } from './browser-host-process.ts';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import { expect, test } from './fixtures.ts';
import { goTo, tabTo } from './pages/keyboard.ts';
import { download } from './pages/sweep-screen.ts';
import { WINDOWS, type AppWindow } from './windows.ts';

// What a person does in the first half hour, in the page on the browser host and in the page of the desktop app.

const MET = /met/;
const NO = /none|near/;

/** Runs the command line beside the window, on the same data. */
async function commandLine(dataFolder: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'bin', 'configiq.mjs'), ...args], {
    env: { ...process.env, CONFIGIQ_HOME: dataFolder },
  });
  return stdout;
}

/** What the page puts on the clipboard from now on. */
async function catchCopies(page: Page): Promise<() => Promise<string>> {
  await page.evaluate(() => {
    navigator.clipboard.writeText = (text) => {
      Object.assign(window, { copied: text });
      return Promise.resolve();
    };
  });
  return () => page.evaluate(() => (window as { copied?: string }).copied ?? '');
}

const words = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

for (const [kind, open] of Object.entries(WINDOWS)) {
  test.describe(kind, () => {
    test.describe.configure({ mode: 'serial' });
    let dataFolder: string;
    let opened: AppWindow;

    test.beforeAll(async ({ browser }) => {
      dataFolder = await mkdtemp(join(tmpdir(), 'configiq-e2e-'));
      opened = await open(dataFolder, browser);
    });
    test.afterAll(async () => {
      await opened.close();
      await rm(dataFolder, { recursive: true, maxRetries: 3 });
      expect(opened.app.complaints).toEqual([]);
    });

    test('first run: a sample opens solved, an edit changes its verdict, undo brings it back', async () => {
      const { app, page } = opened;
      const sample = page.getByTestId('example-chat');
      await expect(sample).toContainText('/h');
      await sample.click();
      await app.size.waitForAnswer();
      await expect(app.size.verdict).toHaveAttribute('data-verdict', MET);
      const solved = await app.size.verdict.innerText();
      await app.size.setUsers('5000');
      await expect(app.size.verdict).not.toHaveText(solved, { useInnerText: true });
      await page.getByRole('button', { name: /^Undo/ }).click();
      await expect(app.size.verdict).toHaveText(solved, { useInnerText: true });
    });

    test('every number of an explanation is the number of `configiq explain` for the saved run', async () => {
      const { app, page } = opened;
      await app.show('Size');
      await app.size.waitForAnswer();
      await page.keyboard.press('Control+s');
      await expect(page.getByText(/Saved as run \d+/).first()).toBeVisible();
      const [, run = ''] =
        /run (\d+)/.exec(
          await page
            .getByText(/Saved as run \d+/)
            .first()
            .innerText(),
        ) ?? [];
      for (const metric of ['ttft_p95', 'usd_per_hour']) {
        const told = words(await commandLine(dataFolder, 'explain', run, '1', metric));
        const popover = await app.size.explain(metric);
        expect(told).toContain(words(await popover.getByTestId('explained-figure').innerText()));
        const rows = await popover.locator('tr').evaluateAll((all) =>
          all.map((row) => {
            const [label, value] = [...row.children].map((cell) => cell.textContent.trim());
            return `${label}: ${value}`;
          }),
        );
        expect(rows.length).toBeGreaterThan(1);
        for (const row of rows) expect(told).toContain(words(row));
        await page.keyboard.press('Escape');
        await expect(popover).toBeHidden();
      }
    });

    test('a no says what would help; one click makes it a yes, undo takes that back', async () => {
      const { app, page } = opened;
      await app.show('Size');
      await app.size.setTarget('TTFT P95 target, ms', '2');
      await expect(app.size.verdict).toHaveAttribute('data-verdict', NO);
      await app.size.relaxations().first().click();
      await expect(app.size.verdict).toHaveAttribute('data-verdict', MET);
      await page.getByRole('button', { name: /^Undo/ }).click();
      await expect(app.size.verdict).toHaveAttribute('data-verdict', NO);
      await page.getByRole('button', { name: /^Undo/ }).click();
      await expect(app.size.verdict).toHaveAttribute('data-verdict', MET);
    });

    test('own hardware is sized as the command line sizes it, without a price, and outlives a reload', async () => {
      const { app, page } = opened;
      await app.show('Size');
      await page.getByRole('radio', { name: 'Own hardware' }).click();
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('desk');
      await page.getByRole('combobox', { name: 'GPU of desk' }).fill('L40S');
      await page.keyboard.press('Enter');
      await page.getByRole('textbox', { name: 'GPUs', exact: true }).fill('4');
      await app.size.waitForAnswer();
      await expect(app.size.verdict).toContainText('desk');
      await expect(app.size.verdict).toContainText('own hardware, no price');
      await expect(page.locator('main')).not.toContainText(/NaN|undefined|\$0/);
      const model = (await page.getByRole('combobox', { name: 'Model' }).inputValue()).trim();
      const users = (await page.getByRole('textbox', { name: 'Users', exact: true }).inputValue()).replaceAll(',', '');
      const machine = ['--gpu-type', 'nvidia-l40s', '--gpu-count', '4', '--config-name', 'desk'];
      const told = await commandLine(dataFolder, 'size', '-m', model, '-u', users, ...machine, '--json');
      const [row] = (JSON.parse(told) as SizeDocument).recommendations;
      await expect(app.size.verdict).toContainText(`${row?.instances ?? 0} × desk`);
      await expect(app.size.figure('usd_per_hour')).toHaveText('–');
      await expect(page.getByText('Draft kept')).toBeVisible();
      await page.reload();
      await app.size.waitForAnswer();
      await expect(app.size.verdict).toContainText('desk');
      await page.getByRole('button', { name: 'Reset Runs on' }).click();
      await expect(app.size.verdict).toContainText('an hour');
    });

    test('a sweep that is stopped is kept, and its export is what the grid shows', async () => {
      const { app, page } = opened;
      await app.show('Sweep');
      await app.sweep.setAxes({ users: '1..10000:1', weights: ['FP16', 'FP8'], zones: 'Held' });
      await app.sweep.start();
      await expect.poll(() => app.sweep.donePoints()).toBeGreaterThan(20);
      await app.sweep.stop();
      await expect(app.sweep.result).toContainText('Stopped at');

      await app.show('Runs');
      await app.runs.openNewest();
      const exported = parse<Record<string, string>>((await app.runs.export('CSV')).text, { columns: true, bom: true });
      const best = exported.filter((row) => row['rank'] === '1');
      expect(best.length).toBeGreaterThan(10);
      const copied = await catchCopies(page);
      await app.runs.copyRows('CSV');
      await expect.poll(copied).not.toBe('');
      const shown = parse<Record<string, string>>(await copied(), { columns: true });
      expect(shown.length).toBe(best.length);
      const price = Object.keys(shown[0] ?? {}).find((head) => /\/h/.test(head)) ?? '';
      const pairs = (rows: Record<string, string>[], users: string, cost: string) =>
        rows.map((row) => `${row[users]} users at ${Number(row[cost]).toPrecision(6)}`).sort();
      expect(pairs(shown, 'Users', price)).toEqual(pairs(best, 'users', 'cost_usd_per_hour'));
    });

    test('by keyboard alone: sample, edit, undo, explanation, all results, a no and its relaxation', async () => {
      const { app, page } = opened;
      const { keyboard } = page;
      await goTo(page, 'Start');
      await tabTo(page, page.getByTestId('example-chat'));
      await keyboard.press('Enter');
      await app.size.waitForAnswer();
      const solved = await app.size.verdict.innerText();

      const users = page.getByRole('textbox', { name: 'Users', exact: true });
      const usersOfSample = await users.inputValue();
      await tabTo(page, users);
      await keyboard.press('Control+a');
      await keyboard.type('7000');
      await expect(app.size.verdict).not.toHaveText(solved, { useInnerText: true });
      await keyboard.press('Escape');
      await tabTo(page, app.size.figure('ttft_p95'));
      await keyboard.press('Enter');
      await expect(page.getByRole('dialog')).toBeVisible();
      await keyboard.press('Escape');
      await expect(app.size.figure('ttft_p95')).toBeFocused();
      // What was typed is one step, or several where the machine stood still between two letters.
      for (let steps = 0; steps < '7000'.length && (await users.inputValue()) !== usersOfSample; steps += 1)
        await keyboard.press('Control+z');
      await expect(app.size.verdict).toHaveText(solved, { useInnerText: true });

      await tabTo(page, page.getByRole('button', { name: 'See all results' }));
      await keyboard.press('Enter');
      await expect(app.size.results).toBeVisible();
      await tabTo(page, app.size.results.locator('[role="row"][data-index="0"] > [tabindex="0"]'));
      await keyboard.press('ArrowDown');
      await keyboard.press('Enter');
      await expect(page.getByTestId('detail')).toBeVisible();

      await goTo(page, 'Size');
      const target = page.getByLabel('TTFT P95 target, ms');
      const advanced = page.locator('summary', { hasText: 'Advanced' });
      await advanced.waitFor();
      if (!(await target.isVisible())) {
        await tabTo(page, advanced);
        await keyboard.press('Enter');
      }
      await tabTo(page, target);
      await keyboard.press('Control+a');
      await keyboard.type('2');
      await expect(app.size.verdict).toHaveAttribute('data-verdict', NO);
      await tabTo(page, app.size.relaxations().first());
      await keyboard.press('Enter');
      await expect(app.size.verdict).toHaveAttribute('data-verdict', MET);
    });

    test('by keyboard alone: a model is found by a word of its name, the first match taken with Enter', async () => {
      const { app, page } = opened;
      await goTo(page, 'Size');
      const model = page.getByRole('combobox', { name: 'Model' });
      for (const word of ['qwen', 'deepseek']) {
        await tabTo(page, model);
        await page.keyboard.press('Control+a');
        await page.keyboard.type(word);
        const first = page.getByRole('option').first();
        await expect(first).toContainText(new RegExp(word, 'i'));
        const wanted = (await first.getAttribute('data-value')) ?? '';
        await page.keyboard.press('Enter');
        await expect(model).toHaveValue(wanted);
        await app.size.waitForAnswer();
      }
    });

    test('by keyboard alone: a sweep started, stopped, opened among the runs', async () => {
      const { app, page } = opened;
      const { keyboard } = page;
      await goTo(page, 'Sweep');
      const users = page.getByRole('textbox', { name: 'Users: add' });
      await tabTo(page, users);
      const chips = page.getByRole('list', { name: 'Users: chosen' }).getByRole('listitem');
      for (let left = await chips.count(); left > 0; left -= 1) await keyboard.press('Backspace');
      await expect(chips).toHaveCount(0);
      await keyboard.type('1..10000:1');
      await keyboard.press('Enter');
      await expect(chips).toHaveCount(1);
      await tabTo(page, page.getByRole('combobox', { name: 'Add an axis' }));
      await keyboard.type('headroom');
      await keyboard.press('Enter');
      await expect(page.getByRole('textbox', { name: 'Headroom: add' })).toBeFocused();
      await keyboard.press('Backspace');
      await expect(page.getByText('2 values: 10, 25 %')).toBeVisible();
      await tabTo(page, page.getByRole('button', { name: 'Start sweep' }));
      await keyboard.press('Enter');
      await expect.poll(() => app.sweep.donePoints()).toBeGreaterThan(0);
      await tabTo(page, app.sweep.progress.getByRole('button', { name: 'Stop' }));
      await keyboard.press('Enter');
      await expect(app.sweep.result).toContainText('Stopped at');
      await goTo(page, 'Runs');
      await tabTo(page, app.runs.table.locator('[role="row"][data-index] > [tabindex="0"]'));
      await keyboard.press('Enter');
      await expect(app.runs.detail).toBeVisible();
      await tabTo(page, app.runs.detail.getByRole('button', { name: 'Export', exact: true }));
      await keyboard.press('Enter');
      await expect(page.getByRole('menuitem', { name: 'CSV' })).toBeFocused();
      const { text } = await download(page, () => keyboard.press('Enter'));
      const rows = parse<Record<string, string>>(text, { columns: true, bom: true });
      expect(rows.length).toBeGreaterThan(10);
      expect(new Set(rows.map(({ users }) => users)).size).toBeGreaterThan(5);
    });
  });
}
