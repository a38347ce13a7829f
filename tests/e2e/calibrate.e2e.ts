import type { Page } from '@playwright/test';
import { serveResult } from '../measurements/formats/serve-result.ts';
import { axeFinds } from './axe.ts';
import { startHost } from './browser-host-process.ts';
import { expect, test } from './fixtures.ts';
import { AppPage } from './pages/app-page.ts';

// From result files of a benchmark to answers that rest on them, and back, as a person does it.

/** A server whose steps take 30 ms under every load. */
const RUNS = [4, 8, 16].map((concurrency) => ({
  name: `at-${concurrency}.json`,
  mimeType: 'application/json',
  buffer: Buffer.from(
    JSON.stringify(
      serveResult({
        max_concurrency: concurrency,
        output_throughput: concurrency * 32,
        total_token_throughput: concurrency * 32 * 9,
        request_throughput: concurrency / 4,
        duration: 800 / concurrency,
      }),
    ),
  ),
}));

/** What axe finds in both themes; a picture of each is put beside the other results. */
async function looks(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    found.push(...(await axeFinds(page, name, colorScheme, '[role="dialog"]')));
    await page.screenshot({ path: test.info().outputPath(`${name}-${colorScheme}.png`) });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}

test('a benchmark is imported, calibrated with, used, and everything is taken back', async ({ page, folder }) => {
  test.setTimeout(240_000);
  page.setDefaultTimeout(15_000);
  const host = await startHost(folder);
  const app = new AppPage(page);
  const dialog = page.getByTestId('benchmark-dialog');
  const status = page.getByTestId('status-bar');
  const found: string[] = [];
  await page.setViewportSize({ width: 1024, height: 700 });
  await page.goto(host.url);
  await page.getByTestId('example-chat').waitFor();
  await page.keyboard.press('8');
  await app.accuracy.ready();

  await test.step('by the palette to the dialog, and files that say too little', async () => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('import bench');
    await page.keyboard.press('Enter');
    await expect(dialog).toContainText('Choose or drop them');
    const broken = { name: 'notes.json', mimeType: 'application/json', buffer: Buffer.from('{"a": ') };
    await dialog.locator('input[type=file]').setInputFiles([...RUNS, broken]);
    await expect(dialog).toContainText('The results do not say which GPU it ran on');
    await expect(dialog.getByRole('list', { name: 'Files' })).toContainText('notes.json');
    await expect(dialog).toContainText('No row can be compared.');
    await expect(dialog.getByRole('button', { name: 'Calibrate' })).toBeDisabled();
    found.push(...(await looks(page, 'too-little')));
  });

  await test.step('what is missing is filled in, and the error before is shown', async () => {
    await dialog.getByRole('combobox', { name: 'GPU' }).fill('h100 80gb');
    await page
      .getByRole('option', { name: /^H100 80GB/ })
      .first()
      .click();
    await dialog.getByRole('textbox', { name: 'TP' }).fill('1');
    await dialog.getByRole('textbox', { name: 'Engine' }).fill('vllm@0.11.0');
    await dialog.getByRole('combobox', { name: 'Precision' }).click();
    await page.getByRole('option', { name: 'BF16' }).click();
    await expect(dialog.getByTestId('errors-before')).toContainText('3 rows under the profile in use, default');
    await expect(dialog).toContainText('3 rows: much of a profile holds for every GPU');
    await expect(dialog.getByRole('textbox', { name: 'Name' })).toHaveValue('our-h100');
    await dialog.getByRole('textbox', { name: 'Name' }).fill('seed');
    await expect(dialog).toContainText('A profile that ships with the program has that name');
    await expect(dialog.getByRole('button', { name: 'Calibrate' })).toBeDisabled();
    await dialog.getByRole('textbox', { name: 'Name' }).fill('our-h100');
    found.push(...(await looks(page, 'before')));
  });

  await test.step('calibrated: errors before and after, side by side', async () => {
    await dialog.getByRole('button', { name: 'Calibrate' }).click();
    const table = dialog.getByTestId('before-after');
    await expect(table).toContainText('in sample', { timeout: 60_000 });
    const cells = await table.getByRole('row', { name: /^TPOT/ }).getByRole('cell').allTextContents();
    const [before = 0, after = 0] = cells.slice(1, 3).map(Number);
    expect(after).toBeLessThan(before);
    await expect(table.getByRole('row', { name: /^TPOT/ })).toContainText('Better');
    found.push(...(await looks(page, 'after')));
  });

  await test.step('used: the status bar names it, and Undo goes back', async () => {
    await dialog.getByRole('button', { name: 'Use this profile' }).click();
    await expect(dialog).toHaveCount(0);
    await expect(status).toContainText('Calibration our-h100');
    // Nothing of the page lies below what tells of it.
    const [toast, main, bar] = await Promise.all(
      [page.getByTestId('toast'), page.locator('#main'), status].map((part) => part.boundingBox()),
    );
    expect(toast!.y).toBeGreaterThanOrEqual(main!.y + main!.height - 1);
    expect(toast!.y + toast!.height).toBeLessThanOrEqual(bar!.y + 1);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(status).toContainText('Calibration default');
  });

  await test.step('used again, and taken back by the keyboard after the toast is gone', async () => {
    await page.getByRole('button', { name: 'Profiles', exact: true }).click();
    await page.getByTestId('profiles-dialog').getByRole('button', { name: 'Use again: our-h100' }).click();
    await expect(status).toContainText('Calibration our-h100');
    await page.getByTestId('toast').getByRole('button', { name: 'Dismiss' }).click();
    await page.keyboard.press('Control+z');
    await expect(status).toContainText('Calibration default');
  });

  await test.step('the list of profiles: use, remove, put back', async () => {
    const list = page.getByTestId('profiles-dialog');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('use profile');
    await page.keyboard.press('Enter');
    await expect(list.getByRole('row', { name: /^default, in use/ })).toBeVisible();
    found.push(...(await looks(page, 'profiles')));
    await list.getByRole('button', { name: 'Use again: our-h100' }).click();
    await expect(status).toContainText('Calibration our-h100');
    await page.getByRole('button', { name: 'Profiles', exact: true }).click();
    await list.getByRole('button', { name: 'Remove our-h100' }).click();
    await expect(status).toContainText('Calibration default');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(status).toContainText('Calibration our-h100');
    await expect(page.getByRole('combobox', { name: 'Calibration profile' })).toHaveText('Calibration our-h100', {
      timeout: 60_000,
    });
  });

  expect(found).toEqual([]);
  expect(app.complaints).toEqual([]);
  await host.stop();
});

/** A stage as inference-perf writes it, in seconds; at which rate it was asked stands in the config alone. */
const stageOf = (meanS: number) => ({
  load_summary: { count: 60, achieved_rate: 2 },
  successes: {
    count: 60,
    latency: {
      request_latency: { mean: meanS, median: meanS },
      time_to_first_token: { mean: 0.05, median: 0.05 },
      time_per_output_token: { mean: (meanS - 0.05) / 99, median: (meanS - 0.05) / 99 },
    },
    throughput: { output_tokens_per_sec: 200, requests_per_sec: 2 },
    prompt_len: { mean: 500 },
    output_len: { mean: 100 },
  },
  failures: { count: 0 },
});

test('stages of inference-perf are read with the config that came beside them', async ({ page, folder }) => {
  test.setTimeout(120_000);
  const host = await startHost(folder);
  const app = new AppPage(page);
  await page.goto(host.url);
  await page.getByTestId('example-chat').waitFor();
  await page.keyboard.press('8');
  await app.accuracy.ready();
  const texts: [name: string, text: string][] = [
    ...[1.2, 1.6].map((meanS, index): [string, string] => [
      `stage_${index}_lifecycle_metrics.json`,
      JSON.stringify(stageOf(meanS)),
    ]),
    [
      'config.yaml',
      'load:\n  type: poisson\n  stages:\n    - rate: 2\n      duration: 30\n    - rate: 4\n      duration: 30\nserver:\n  type: vllm\n  model_name: meta-llama/Llama-3.1-8B-Instruct\n',
    ],
  ];
  const dropped = await page.evaluateHandle((files) => {
    const data = new DataTransfer();
    for (const [name, text] of files) data.items.add(new File([text], name));
    return data;
  }, texts);
  await page.getByTestId('accuracy').dispatchEvent('drop', { dataTransfer: dropped });
  const files = page.getByTestId('benchmark-dialog').getByRole('list', { name: 'Files' });
  await expect(files).toContainText('stage_0_lifecycle_metrics.json: inference-perf, 1 row');
  await expect(files).toContainText('stage_1_lifecycle_metrics.json: inference-perf, 1 row');
  await expect(files).toContainText('config.yaml: how the runs were made');
  await expect(page.getByTestId('benchmark-dialog').getByRole('combobox', { name: 'GPU' })).toBeInViewport();
  expect(app.complaints).toEqual([]);
  await host.stop();
});
