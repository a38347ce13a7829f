import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
const BAD = LAB.replace('"vm_instances":[', '"vm_instances":[\n{"name":"odd","gpus":[\n{"type":"h10","count":1}]},');
/** More problems and changes than a small window can show at once. */
const MANY = JSON.stringify({
  metadata: { provider: 'lab', last_updated: '2026-11-01' },
  vm_instances: Array.from({ length: 30 }, (_, index) => ({
    name: `bench-${index}`,
    gpus: [{ type: index % 2 === 0 ? 'nvidia-l40s' : 'h10', count: 1 }],
    vcpus: 16,
    memory_gb: 128,
    ondemand_price_usd: 1.1 + index / 100,
    available_zones: ['lab-1-a'],
  })),
});

/** Runs a command on the data of the window, as from a terminal beside it. */
async function commandLine(dataFolder: string, ...args: string[]): Promise<void> {
  const program = join(import.meta.dirname, '../../bin/configiq.mjs');
  const env = { ...process.env, CONFIGIQ_HOME: dataFolder };
  await promisify(execFile)(process.execPath, [program, ...args], { env });
}

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
      // The first that somebody sells, not the first of the alphabet.
      await expect(app.catalogs.facts).toContainText(/In \d+ instances? of/);
      await expect(app.catalogs.fact('Vendor')).toContainText('AMD');
      await app.catalogs.search('hopper');
      await expect(app.catalogs.row(/^H100 SXM5/)).toBeVisible();
      await expect(app.catalogs.row(/^L4$/)).toHaveCount(0);
      await app.catalogs.search('');
      await page.getByRole('button', { name: 'Filter', exact: true }).click();
      await page.getByRole('textbox', { name: 'Filter Memory' }).fill('>=180');
      await expect(page.getByText(/hidden by filters/)).toBeVisible();
      const memories = await app.catalogs.table.locator('[role="row"][data-index] > [data-column="2"]').allInnerTexts();
      expect(memories.length).toBeGreaterThan(2);
      for (const memory of memories) expect(Number(memory)).toBeGreaterThanOrEqual(180);
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await page.getByRole('button', { name: 'Filter', exact: true }).click();
      await app.catalogs.choose('L40S');
      await expect(app.catalogs.fact('Memory bandwidth')).toContainText('864 GB/s');
      await expect(page.getByTestId('catalog-source')).toContainText('NVIDIA L40S datasheet');
      await expect(app.catalogs.facts.getByRole('region', { name: 'Age of data' })).toContainText('AWS prices');
    });

    test('zones have what is offered there and what a GPU-hour costs', async () => {
      const { app, page } = opened;
      await app.show('Catalogs');
      await app.catalogs.showTab('Zones');
      await app.catalogs.search('europe-west4');
      await app.catalogs.choose('europe-west4-a');
      await expect(app.catalogs.fact('Instances')).toContainText('g2-standard-4');
      await expect(app.catalogs.fact('GPUs')).toContainText('L4');
      await expect(app.catalogs.fact('On demand, a GPU, from')).toContainText(/\$\d+\.\d\d.*\/h/s);
      await app.catalogs.facts.getByRole('button', { name: 'Its prices' }).click();
      await expect(app.catalogs.row(/^g2-standard-4$/)).toBeVisible();
      await expect(app.catalogs.tab('Prices')).toHaveAttribute('aria-selected', 'true');
      await app.catalogs.search('');
      await page.getByLabel('Cloud', { exact: true }).click();
      await page.getByRole('option', { name: 'All clouds' }).click();
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
      await app.catalogs.problems.getByRole('table').waitFor();
      const [line, field, sentence] = await app.catalogs.problems.getByRole('cell').allInnerTexts();
      expect(BAD.split('\n')[Number(line) - 1]).toContain('h10');
      expect(field).toBe('vm_instances[0].gpus[0].type');
      expect(sentence).toContain('h10');
      const take = app.catalogs.dialog.getByRole('button', { name: 'Import the good part' });
      await expect(take).toBeDisabled();
      await app.catalogs.dialog.getByRole('checkbox', { name: /^Use the good part/ }).click();
      await expect(take).toBeEnabled();
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
      await expect(app.catalogs.dialog).toContainText('bench-l40s, Lab');
      await app.catalogs.act('Import');
      await expect(app.catalogs.dialog).toHaveCount(0);
      await expect(app.catalogs.row(/lab/)).toContainText('in force');
      expect(await app.catalogs.count('Instances')).toBe(instances + 1);
      // What was done is told beside the place where the next file is dropped, not over it.
      const toast = await page.getByTestId('toast').boundingBox();
      const drop = await page.getByText('Drop a catalog anywhere here').boundingBox();
      expect(toast!.y).toBeGreaterThan(drop!.y + drop!.height);
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
      // The command line beside the open window.
      await commandLine(dataFolder, 'catalog', 'remove', '1');
      await expect(page.getByText('There is none yet.')).toBeVisible();
      await expect(page.getByTestId('toast')).toContainText('changed outside this window');
      await app.show('Size');
      await app.size.waitForAnswer();
      await expect(app.size.verdict).not.toContainText('bench-l40s');
    });

    test('the actions of a dialog are in sight in a small window too, and no toast lies over them', async () => {
      const { app, page } = opened;
      const size = page.viewportSize();
      await page.setViewportSize({ width: 1024, height: 700 });
      await app.show('Catalogs');
      await app.catalogs.drop('lab.json', LAB);
      await app.catalogs.act('Import');
      await expect(page.getByTestId('toast')).toBeVisible();
      await app.catalogs.drop('lab.json', MANY);
      for (const name of ['Import the good part', 'Cancel']) {
        const button = app.catalogs.dialog.getByRole('button', { name, exact: true });
        await expect(button).toBeInViewport({ ratio: 1 });
      }
      await expect(page.getByTestId('toast')).toHaveCount(0);
      await app.catalogs.act('Cancel');
      // It waited for the dialog to go.
      await page.getByTestId('toast').getByRole('button', { name: /Undo/ }).click();
      await page.getByRole('button', { name: 'Add a GPU' }).click();
      await expect(app.catalogs.gpuDialog.getByRole('button', { name: 'Preview' })).toBeInViewport({ ratio: 1 });
      // What gets the focus is never behind them.
      await app.catalogs.gpuDialog.getByRole('textbox', { name: 'PCIe', exact: true }).focus();
      const field = await app.catalogs.gpuDialog.getByRole('textbox', { name: 'PCIe', exact: true }).boundingBox();
      const preview = await app.catalogs.gpuDialog.getByRole('button', { name: 'Preview' }).boundingBox();
      expect(field!.y + field!.height).toBeLessThan(preview!.y);
      await page.keyboard.press('Escape');
      if (size) await page.setViewportSize(size);
    });

    test('a GPU that is described field by field is an import with one entry', async () => {
      const { app, page } = opened;
      await app.show('Catalogs');
      const gpus = await app.catalogs.count('GPUs');
      await app.catalogs.describeGpu({ Name: 'NVIDIA X1 80GB' });
      await expect(app.catalogs.gpuDialog.getByRole('alert').first()).toContainText('is missing');
      await page.keyboard.press('Escape');
      await app.catalogs.describeGpu({
        ...{ Name: 'NVIDIA X1 80GB', Architecture: 'Hopper', 'Form factor': 'PCIe', Source: 'NVIDIA X1 data sheet' },
        ...{ 'Memory type': 'HBM3', 'Memory as sold': '80', 'Memory of the driver': '79.6', Bandwidth: '3000' },
        ...{ '16 bit': '800', FP8: '1600', Capability: '9.0' },
      });
      await expect(app.catalogs.dialog).toContainText('1 GPU can be used');
      await app.catalogs.act('Import');
      await expect(app.catalogs.dialog).toHaveCount(0);
      expect(await app.catalogs.count('GPUs')).toBe(gpus + 1);
      await app.catalogs.showTab('GPUs');
      await app.catalogs.search('x1 80gb');
      await expect(app.catalogs.row(/^X1 80GB/)).toContainText('yours');
      await app.catalogs.search('');
      await page.getByTestId('toast').getByRole('button', { name: /Undo/ }).click();
      await expect(app.catalogs.tab('GPUs')).toHaveText(`GPUs ${gpus}`);
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
