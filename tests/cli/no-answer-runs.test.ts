import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ensureBuilt, runConfigiq } from './command.ts';

const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';
const home = mkdtempSync(join(tmpdir(), 'configiq-no-answer-'));
const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await runConfigiq(args, home, {}, '', home);
  return { code, text: stdout.replaceAll(/\s+/g, ' '), error: stderr.replaceAll(/\s+/g, ' ') };
};

// Each test starts the program several times.
vi.setConfig({ testTimeout: 60_000 });
beforeAll(ensureBuilt, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('a sweep without an answer', () => {
  const REASONS = /2 points without an answer that passes, by what is commonest there: 2 misses the latency targets/;
  const TARGETS = /Targets: TTFT P50 [\d,]+ ms, TTFT P95 1 ms,/;
  const NEAREST =
    /The nearest, at users 10, is \S+ \(lambda\), \S+, TP \d+, \S+ TTFT P95 is [\d.]+ ms on an idle replica, target 1\.0 ms\. \(worst SLA gap: TTFT P95 \+[\d,.]+%\)/;

  test('says why, what was asked and what came nearest, again under show and frontier', async () => {
    const asked = ['-m', LLAMA, '--provider', 'lambda', '-u', '10,20', '--sla', 'ttft-p95=1'];
    const swept = await run('sweep', ...asked);
    const [shown, frontier, breakEven] = await Promise.all([
      run('runs', 'show', '1'),
      run('runs', 'frontier', '1', '--at', 'users=10'),
      run('runs', 'break-even', '1'),
    ]);
    expect([swept.code, shown.code, frontier.code]).toEqual([3, 0, 3]);
    for (const { text } of [swept, shown]) {
      expect(text).toMatch(REASONS);
      expect(text).toMatch(TARGETS);
      expect(text).toMatch(NEAREST);
    }
    expect(frontier.text).toMatch(/No row of the run with users 10 passes, so there is no frontier\. 1 point without/);
    expect(frontier.text).toMatch(TARGETS);
    expect(frontier.text).toMatch(NEAREST);
    expect(frontier.text).not.toContain('runs show');
    expect(breakEven.text).toContain('Nothing meets the targets from users 10 to 20.');
  });

  test('of which no price is known is no matter of targets', async () => {
    const spot = ['-m', LLAMA, '--provider', 'lambda', '-u', '10,20', '--pricing', 'spot'];
    expect((await run('sweep', ...spot)).text).toMatch(/2 spot price unknown Targets: /);
    const breakEven = await run('runs', 'break-even', '2');
    expect(breakEven.code).toBe(3);
    expect(breakEven.text).toContain('No answer from users 10 to 20, most often because no spot price is known.');
    const goodput = await run('runs', 'goodput', '2');
    expect(goodput.text).toContain('No point has an answer, most often because no spot price is known');
    expect(goodput.text).not.toContain('eets the targets');
  });
});

test('own machines without a price are one sentence, and sensitivity asks for the price in words', async () => {
  const own = ['-m', LLAMA, '--gpu-type', 'l40s', '--gpu-count', '1', '--config-name', 'desk'];
  const swept = await run('sweep', ...own, '-u', '1,2,4');
  expect(swept.code).toBe(0);
  const { code, text } = await run('runs', 'frontier', '3');
  expect(code).toBe(3);
  expect(text).toContain('3 rows pass, and none has both figures: hardware without a price has no cost.');
  expect(text).not.toContain('0 choices');
  const sensitivity = await run('sensitivity', ...own, '-u', '1');
  expect(sensitivity.error).toContain('desk has no price');
  expect(sensitivity.error).not.toMatch(/usd_per_hour/);
});

test('rows that no filter matches are not called failing', async () => {
  const { code, text } = await run('runs', 'rows', '3', '--filter', 'gpu ~ xyz');
  expect([code, text.trim()]).toEqual([3, 'No row of the run matches the filter.']);
  const two = await run('runs', 'rows', '3', '--best', '--filter', 'users >= 1', '--filter', 'gpu ~ xyz');
  expect(two.text.trim()).toBe('No row that is best at its point matches all 2 filters.');
  expect((await run('runs', 'rows', '1', '--best')).text.trim()).toBe(
    'No row of the run passes: configiq runs show says why.',
  );
});

test('sentences say what helps, once', async () => {
  const unknown = await run('runs', 'show', '99');
  expect([unknown.code, unknown.error.trim()]).toEqual([
    2,
    'configiq: There is no run 99. configiq runs list shows the runs there are.',
  ]);
  expect((await run('runs', 'export', '3', '/dev/stdout')).error).toMatch(/these endings, or the format with --format/);
  for (const command of ['merge', 'resume']) {
    expect((await run('sweep', command, '--help')).text).toMatch(/to a \.csv, \.json, \.ndjson or \.parquet file/);
  }
  const frontier = await run('runs', 'frontier', '1', '--x', 'cost_usd_per_1m_output_tokens', '--y', 'tpot_ms_p50');
  expect(frontier.text).toContain('Cost per 1M output tokens against TPOT P50');
});
