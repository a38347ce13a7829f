import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PredictDocument } from '../../src-worker/protocol/documents.ts';
import { root, startHost } from './browser-host-process.ts';
import { expect, test } from './fixtures.ts';
import { AppPage } from './pages/app-page.ts';

// A deployment simulated as a person does it, in the page on the browser host.

/** Requests that come ever faster, each other one with a long answer. */
const TRACE = [
  'arrival_s,input_tokens,output_tokens',
  ...Array.from({ length: 60 }, (_, i) => `${(i ** 0.7).toFixed(3)},${400 + i * 10},${i % 2 === 0 ? 20 : 200}`),
].join('\n');

test('simulate: an example, another load, one that is too much, a trace, the command, and back', async ({
  page,
  folder,
}) => {
  const host = await startHost(folder);
  const app = new AppPage(page);
  const { simulate } = app;
  await page.goto(host.url);
  await page.getByTestId('example-chat').waitFor();

  /** Runs the line that the screen shows. */
  const fromCommandLine = async (): Promise<PredictDocument> => {
    const [, ...args] = (await simulate.command()).replaceAll('\\\n', ' ').split(/\s+/);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(root, 'bin', 'configiq.mjs'), ...args, '--json'],
      { cwd: folder, env: { ...process.env, CONFIGIQ_HOME: folder }, maxBuffer: 64 * 2 ** 20 },
    );
    return JSON.parse(stdout) as PredictDocument;
  };

  await test.step('by its key the screen opens with an example that is simulated', async () => {
    await page.keyboard.press('5');
    await simulate.ready();
    await expect(simulate.verdict.getByRole('heading', { level: 1 })).toHaveText(
      /^Half of the answers begin within \d+ ms, 19 in 20 within \d+ ms$/,
    );
    await expect(simulate.latencies).toContainText('±');
    await expect(simulate.timeline.getByRole('img')).toHaveAccessibleName(/requests run and .* wait/);
  });

  await test.step('the command gives the same figures', async () => {
    const shown = await simulate.figure('TTFT', 'P95');
    const { ttft_ms: ttft } = await fromCommandLine();
    expect(Math.abs(shown - (ttft.p95 ?? NaN))).toBeLessThanOrEqual(0.5);
  });

  await test.step('more load, more waiting; what is typed last counts', async () => {
    const before = await simulate.figure('TTFT', 'P99');
    await simulate.setRate('12');
    await simulate.setRate('18');
    await expect(simulate.verdict).toContainText('18 requests/s');
    expect(await simulate.figure('TTFT', 'P99')).toBeGreaterThan(before);
  });

  await test.step('by keyboard the chart says what was when; T turns it over', async () => {
    await simulate.timeline.getByRole('slider').focus();
    await page.keyboard.press('End');
    await expect(simulate.timeline.getByRole('slider')).toHaveAttribute(
      'aria-valuetext',
      /running .* waiting .*KV cache/,
    );
    await page.keyboard.press('t');
    await expect(simulate.timeline.getByRole('columnheader', { name: /^Waiting/ })).toBeVisible();
    await page.keyboard.press('t');
  });

  await test.step('too much: no figures, the cause, what helps, and twice the replicas', async () => {
    await simulate.setRate('40');
    await expect(simulate.verdict).toHaveAttribute('data-verdict', 'none');
    await expect(simulate.verdict).toContainText('cannot keep up with 40 requests/s');
    await expect(simulate.result).toContainText('What helps.');
    await expect(simulate.latencies).toHaveCount(0);
    await page.getByRole('button', { name: 'Twice the replicas' }).click();
    await expect(simulate.verdict).toContainText('2 × H100 80GB');
  });

  await test.step('one that takes long is stopped by Escape within half a second; the result before stays', async () => {
    const before = await simulate.verdict.innerText();
    await simulate.showAdvanced();
    const requests = page.getByRole('textbox', { name: 'Requests', exact: true });
    await requests.fill('5000000');
    const card = page.getByTestId('still-running');
    await expect(card).toBeVisible();
    const { width, height } = page.viewportSize()!;
    for (const size of [
      { width: 1024, height: 700 },
      { width, height },
    ]) {
      await page.setViewportSize(size);
      const [over, headline] = await Promise.all([card.boundingBox(), simulate.verdict.boundingBox()]);
      expect(over!.y).toBeGreaterThan(headline!.y + headline!.height);
      expect(over!.y + over!.height).toBeLessThan(size.height);
    }
    const startedAt = performance.now();
    await page.keyboard.press('Escape');
    await expect(simulate.result).toContainText('Stopped.');
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(await simulate.verdict.innerText()).toBe(before);
    await page.getByRole('button', { name: 'Simulate again' }).click();
    await page.getByTestId('still-running').getByRole('button', { name: 'Stop' }).click();
    await expect(simulate.result).toContainText('Stopped.');
    await requests.fill('');
    await expect(simulate.result).not.toContainText('Stopped.');
    await simulate.showAdvanced();
  });

  await test.step('what cannot be read is kept, and said; the old result stays', async () => {
    await simulate.setRate('a lot');
    await expect(simulate.result).toContainText('Rate takes');
    await expect(page.getByLabel('Requests per second')).toHaveValue('a lot');
    await expect(simulate.verdict).toBeVisible();
  });

  await test.step('a trace that is dropped is replayed; the line replays the file too', async () => {
    await simulate.dropTrace('ever-faster.csv', TRACE);
    await expect(page.getByRole('radio', { name: 'Trace' })).toBeChecked();
    await expect(simulate.traceFacts).toContainText('60 requests');
    await expect(simulate.verdict).toContainText('60 requests of ever-faster.csv');
    await writeFile(join(folder, 'ever-faster.csv'), TRACE);
    const { e2e_ms: e2e } = await fromCommandLine();
    expect(Math.abs((await simulate.figure('E2E', 'P50')) / (e2e.p50 ?? NaN) - 1)).toBeLessThan(0.01);
  });

  await test.step('a trace that is none is refused in words', async () => {
    await simulate.chooseTrace('odd.csv', 'a,b\n1,2\n');
    await expect(simulate.result).toContainText('odd.csv is in no format of traces');
    await expect(simulate.verdict).toContainText('ever-faster.csv');
  });

  await test.step('what was typed is there after the window was opened anew', async () => {
    await expect(page.getByTestId('saved')).toHaveText('Draft kept');
    await page.reload();
    await expect(page.getByText('Choose odd.csv again: its name was kept, its content was not.')).toBeVisible();
    await page.getByRole('radio', { name: 'Rate' }).click();
    await expect(page.getByLabel('Requests per second')).toHaveValue('a lot');
  });

  expect(app.complaints).toEqual([]);
  await host.stop();
});

test('simulate: a configuration of an answer, at its planned load; its load curve has simulated points', async ({
  page,
  folder,
}) => {
  const host = await startHost(folder);
  const app = new AppPage(page);
  await app.open(host.url);
  await page.getByRole('button', { name: 'Open this configuration' }).click();
  const curve = page.getByTestId('load-curve');
  await expect(curve).toContainText('20,000 requests at each load');
  await expect(curve.getByText('simulated, 95 % interval')).toBeVisible();
  await curve.getByRole('slider').focus();
  await page.keyboard.press('t');
  const simulated = curve.getByRole('row', { name: /simulation, planned load/ });
  await expect(simulated).toBeVisible();
  const [closed = NaN, point = NaN] = await Promise.all(
    [curve.getByRole('row', { name: /closed form/ }).last(), simulated].map(async (row) =>
      Number((await row.getByRole('cell').nth(1).innerText()).replaceAll(',', '')),
    ),
  );
  expect(point).toBeGreaterThan(0);
  expect(closed).toBeGreaterThan(point);

  await page.getByRole('button', { name: 'Simulate this' }).click();
  await app.simulate.ready();
  await expect(page.getByRole('combobox', { name: 'Model' })).toHaveValue('meta-llama/Llama-3.1-8B-Instruct');
  const median = await app.simulate.figure('TTFT', 'P50');
  expect(Math.abs(median / point - 1)).toBeLessThan(0.05);
  await page.getByRole('button', { name: /^Undo/ }).click();
  await expect(page.getByRole('combobox', { name: 'GPU' })).toHaveValue('H100 80GB');
  expect(app.complaints).toEqual([]);
  await host.stop();
});
