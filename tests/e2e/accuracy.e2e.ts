import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { startHost } from './browser-host-process.ts';
import { expect, test } from './fixtures.ts';
import { AppPage } from './pages/app-page.ts';

// How far predictions can be trusted, as a person looks at it: from the bundled measurements, without any network.

test('every measured point beside its prediction: metric, filters, misses, skipped rows, export, by mouse and by keyboard', async ({
  page,
  folder,
}) => {
  test.setTimeout(120_000);
  const host = await startHost(folder);
  const app = new AppPage(page);
  const { accuracy } = app;
  await page.goto(host.url);
  await page.getByTestId('example-chat').waitFor();
  await page.keyboard.press('8');
  await accuracy.ready();

  await test.step('a sentence, errors of every metric, and points by the hundred', async () => {
    await expect(accuracy.verdict.getByRole('heading', { level: 1 })).toHaveText(
      /^Half of the TPOT predictions are within [\d.]+ %; one in ten is off by more than \d+ %$/,
    );
    await expect(accuracy.verdict).toContainText(/^.*measurements from \d+ sources\./);
    expect(await accuracy.numPoints()).toBeGreaterThan(300);
    for (const metric of ['TPOT mean', 'TPOT P95', 'TTFT P95', 'E2E P95', 'Output rate'])
      await expect(accuracy.errors.getByRole('rowheader', { name: metric })).toBeVisible();
  });

  await test.step('another metric: chart, misses and table go along', async () => {
    await accuracy.errors.getByRole('button', { name: 'Output rate' }).click();
    await expect(accuracy.chart.getByRole('combobox', { name: 'Metric' })).toHaveText('Output rate');
    await expect(accuracy.misses.getByRole('columnheader').nth(1)).toContainText('tokens/s');
    await accuracy.errors.getByRole('button', { name: 'TPOT mean' }).click();
  });

  const all = await accuracy.numPoints();
  await test.step('a filter narrows everything and is kept when one comes back', async () => {
    await accuracy.choose('GPU', /^H100 80GB/);
    await expect.poll(() => accuracy.numPoints()).toBeLessThan(all);
    const some = await accuracy.numPoints();
    const points = await accuracy.errors
      .getByRole('row', { name: /^TPOT mean/ })
      .getByRole('cell')
      .first()
      .textContent();
    expect(Number(points?.replaceAll(',', ''))).toBe(some);
    await page.keyboard.press('1');
    await page.keyboard.press('8');
    await expect.poll(() => accuracy.numPoints()).toBe(some);
  });

  await test.step('a miss is chosen, and by its point Enter leads to the row', async () => {
    await accuracy.misses.getByRole('button').first().click();
    await expect(accuracy.chosenRow).toHaveCount(1);
    await accuracy.chart.getByRole('slider').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('tab', { name: /^All points/ })).toBeFocused();
    await expect(accuracy.chosenRow).toBeInViewport();
  });

  await test.step('what is exported is what is shown', async () => {
    const download = page.waitForEvent('download');
    await page.keyboard.press('Control+e');
    const rows: Record<string, string>[] = parse(await readFile(await (await download).path(), 'utf8'), {
      columns: true,
    });
    const judged = rows.filter((row) => row['tpot_ms_mean_measured'] !== '');
    expect(judged).toHaveLength(await accuracy.numPoints());
    expect(new Set(rows.map(({ gpu }) => gpu))).toEqual(new Set(['nvidia-h100-80gb']));
    for (const row of judged) expect(Number(row['tpot_ms_mean_predicted'])).toBeGreaterThan(0);
  });

  await test.step('T turns the chart over; Show all takes the filters back', async () => {
    await accuracy.chart.getByRole('slider').focus();
    await page.keyboard.press('t');
    await expect(accuracy.chart.getByRole('table')).toBeVisible();
    await page.keyboard.press('t');
    await page.getByRole('button', { name: 'Show all', exact: true }).click();
    await expect.poll(() => accuracy.numPoints()).toBe(all);
  });

  await test.step('rows that were skipped stand with their reasons', async () => {
    await page.getByRole('tab', { name: /^Skipped rows/ }).click();
    await expect(page.getByTestId('skipped-reasons')).toContainText(/\d/);
    await expect(accuracy.skipped.getByRole('row').nth(1)).toBeVisible();
  });

  await test.step('another profile is compared in its place', async () => {
    const before = await accuracy.verdict.textContent();
    await page.getByRole('combobox', { name: 'Calibration profile' }).click();
    await page.getByRole('option', { name: 'Calibration seed' }).click();
    await expect(accuracy.verdict).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 });
    await expect.poll(() => accuracy.verdict.textContent()).not.toBe(before);
  });

  expect(app.complaints).toEqual([]);
  await host.stop();
});
