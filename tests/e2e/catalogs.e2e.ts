import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from './fixtures.ts';
import { goTo, tabTo } from './pages/keyboard.ts';
import { WINDOWS, type AppWindow } from './windows.ts';

// Catalogs: look facts up, know one better, bring a cloud along, and take it all back.

/** A cloud of our own, so cheap that it answers the question. */
const LAB = JSON.stringify({
  metadata: { provider: 'lab', last_updated: '2026-11-01' },
  vm_instances: [
    {
      name: 'bench-l40s',
      gpus: [{ type: 'nvidia-l40s', count: 1 }],
      vcpus: 16,
      memory_gb: 128,
      ondemand_price_usd: 0.11,
      available_zones: ['lab-1-a'],
    },
  ],
});
/** The same with an instance whose GPU nobody knows. */
const BAD = LAB.replace('"vm_instances":[', '"vm_instances":[{"name":"odd","gpus":[{"type":"h10","count":1}]},');

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

    test('GPUs are found by words and by expressions, with the source of every fact', async () => {
      const { app, page } = opened;
      await app.show('Catalogs');
      await app.catalogs.search('hopper');
      await expect(app.catalogs.row(/^H100 SXM5/)).toBeVisible();
      await expect(app.catalogs.row(/^L4$/)).toHaveCount(0);
      await app.catalogs.search('');
      await page.getByRole('button', { name: 'Filter', exact: true }).click();
      await page.getByRole('textbox', { name: 'Filter Memory' }).fill('>=180');
      await expect(page.getByText(/hidden by filters/)).toBeVisible();
      const memories = await app.catalogs.table.locator('[role="row"][data-index] > [data-column="3"]').allInnerTexts();
      expect(memories.length).toBeGreaterThan(2);
      for (const memory of memories) expect(Number(memory)).toBeGreaterThanOrEqual(180);
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await page.getByRole('button', { name: 'Filter', exact: true }).click();
      await app.catalogs.choose('L40S');
      await expect(app.catalogs.fact('Memory bandwidth')).toContainText('864 GB/s');
      await expect(page.getByTestId('catalog-source')).toContainText('NVIDIA L40S datasheet');
      await expect(app.catalogs.facts.getByRole('region', { name: 'Age of data' })).toContainText('AWS prices');
    });

    test('the rows on screen are exported as CSV', async () => {
      const { app, page } = opened;
      await app.show('Catalogs');
      await app.catalogs.showTab('Instances');
      await app.catalogs.search('g6e');
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export', exact: true }).click();
      const text = await readFile(await (await download).path(), 'utf8');
      const [head, ...rows] = text.trim().split('\r\n');
      expect(head).toMatch(/^Instance,Cloud,GPU,GPUs,/);
      expect(rows.length).toBeGreaterThan(3);
      for (const row of rows) expect(row).toMatch(/^g6e\..*,AWS,L40S,/);
      await app.catalogs.search('');
    });

    test('a price that is corrected answers anew, is marked, and is restored', async () => {
      const { app, page } = opened;
      await app.show('Size');
      await app.size.waitForAnswer();
      const before = await app.size.verdict.innerText();
      await app.show('Catalogs');
      await app.catalogs.showTab('Prices');
      await app.catalogs.search('g6e.xlarge us-east-1');
      await app.catalogs.choose('g6e.xlarge');
      await app.catalogs.correct('On demand', 'dear', 'no number');
      await expect(app.catalogs.facts.getByRole('alert')).toContainText('On demand takes a number');
      await page.keyboard.press('Escape');
      await app.catalogs.correct('On demand', '0.0912', 'our contract');
      await expect(app.catalogs.fact('On demand')).toContainText(/yours.*\$0\.0912/s);
      await expect(app.catalogs.fact('On demand')).toContainText(/was \$\d+\.\d+; corrected .*: our contract/);
      await expect(app.catalogs.row('g6e.xlarge').first()).toContainText('corrected');
      await expect(app.statusBar).toContainText('1 of yours');
      await app.show('Size');
      await app.size.waitForAnswer();
      await expect(app.size.verdict).toContainText('g6e.xlarge');
      expect(await app.size.verdict.innerText()).not.toBe(before);
      await app.show('Catalogs');
      await app.catalogs.facts.getByRole('button', { name: 'Restore On demand' }).click();
      await expect(app.catalogs.fact('On demand')).not.toContainText('yours');
      await expect(app.statusBar).not.toContainText('of yours');
      await app.show('Size');
      await expect(app.size.verdict).toHaveText(before, { useInnerText: true });
    });

    test('a file with a mistake names line and field, and leaves everything as it was', async () => {
      const { app, page } = opened;
      await app.show('Catalogs');
      const instances = await app.catalogs.count('Instances');
      await app.catalogs.drop('lab.json', BAD);
      await expect(app.catalogs.problems).toContainText(/vm_instances\[0\]\.gpus\[0\]\.type/);
      await expect(app.catalogs.problems).toContainText('h10');
      await app.catalogs.act('Cancel');
      await expect(app.catalogs.dialog).toHaveCount(0);
      await app.catalogs.drop('broken.json', '{ "vm_instances": [');
      await expect(app.catalogs.dialog.getByRole('alert')).toContainText('Nothing was changed.');
      await expect(app.catalogs.dialog.getByRole('button', { name: 'Import', exact: true })).toBeDisabled();
      await page.keyboard.press('Escape');
      expect(await app.catalogs.count('Instances')).toBe(instances);
      expect(await app.catalogs.count('Imports')).toBe(0);
    });

    test('a cloud that is imported is previewed, marked, offered and answers; removed it is gone, undo brings it back', async () => {
      const { app, page } = opened;
      await app.show('Catalogs');
      const instances = await app.catalogs.count('Instances');
      await app.catalogs.drop('lab.json', LAB);
      await expect(app.catalogs.dialog).toContainText('1 instance and 1 price can be used');
      await expect(app.catalogs.dialog).toContainText('lab/bench-l40s');
      await app.catalogs.act('Import');
      await expect(app.catalogs.dialog).toHaveCount(0);
      await expect(app.catalogs.row(/lab/)).toContainText('in force');
      expect(await app.catalogs.count('Instances')).toBe(instances + 1);
      await app.catalogs.showTab('Instances');
      await app.catalogs.search('bench-l40s');
      await expect(app.catalogs.row(/bench-l40s/)).toContainText('yours');
      await app.show('Size');
      await app.size.waitForAnswer();
      await expect(app.size.verdict).toContainText('bench-l40s');
      await app.show('Catalogs');
      await app.catalogs.showTab('Imports');
      await app.catalogs.facts.getByRole('button', { name: 'Remove' }).click();
      await expect(page.getByText('There is none yet.')).toBeVisible();
      expect(await app.catalogs.count('Instances')).toBe(instances);
      await page.keyboard.press('Control+z');
      await expect(app.catalogs.row(/lab/)).toContainText('in force');
      await app.catalogs.facts.getByRole('button', { name: 'Remove' }).click();
      await expect(page.getByTestId('toast')).toContainText('Removed');
      await app.show('Size');
      await app.size.waitForAnswer();
      await expect(app.size.verdict).not.toContainText('bench-l40s');
    });

    test('with the keyboard alone: to a price, its correction and its restoring', async () => {
      const { app, page } = opened;
      await goTo(page, 'Catalogs');
      await page.keyboard.press('Control+k');
      await page.keyboard.type('>show prices');
      await page.keyboard.press('Enter');
      await expect(app.catalogs.tab('Prices')).toHaveAttribute('aria-selected', 'true');
      await page.keyboard.press('/');
      await page.keyboard.type('p5.48xlarge us-west-2');
      await page.keyboard.press('ArrowDown');
      await expect(app.catalogs.row('p5.48xlarge').first().getByRole('rowheader')).toBeFocused();
      await page.keyboard.press('Enter');
      await expect(app.catalogs.facts.getByRole('heading', { level: 2 })).toBeFocused();
      await tabTo(page, app.catalogs.facts.getByRole('button', { name: 'Correct On demand', exact: true }));
      await page.keyboard.press('Enter');
      await page.keyboard.type('50');
      await page.keyboard.press('Tab');
      await page.keyboard.type('reserved');
      await page.keyboard.press('Enter');
      await expect(app.catalogs.fact('On demand')).toContainText(/yours.*\$50\.00/s);
      await tabTo(page, app.catalogs.facts.getByRole('button', { name: 'Restore On demand' }), 'Shift+Tab');
      await page.keyboard.press('Enter');
      await expect(app.catalogs.fact('On demand')).not.toContainText('yours');
    });
  });
}
