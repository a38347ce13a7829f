import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PredictDocument } from '../../src-worker/protocol/documents.ts';
import { serveResult } from '../measurements/formats/serve-result.ts';
import { ensureBuilt, runConfigiq } from './command.ts';

// The way of the README: result files, a measurement file, a profile of one's own, answers with it, and back.

const home = mkdtempSync(join(tmpdir(), 'configiq-loop-'));
beforeAll(ensureBuilt, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function answered(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runConfigiq(args, home, {}, '', home);
  expect([code, stderr]).toEqual([0, code === 0 ? stderr : '']);
  return stdout;
}
const MODEL = ['--model', 'meta-llama/Llama-3.1-8B-Instruct', '--gpu', 'h100', '--tp', '1', '--quantization', 'bf16'];
const LOAD = ['--input-tokens', '1024', '--output-tokens', '128', '--concurrency', '16', '--json'];

async function predicted(): Promise<{ profile: string; tpot: number }> {
  const { versions, tpot_ms: tpot } = JSON.parse(
    await answered('predict', ...MODEL, ...LOAD, '--engine', 'vllm@0.11.0'),
  ) as PredictDocument;
  return { profile: versions.calibration, tpot: tpot.mean ?? 0 };
}

interface Listed {
  calibrations: { name: string; is_own: boolean; is_in_use: boolean }[];
}

async function profiles(): Promise<Listed['calibrations']> {
  return (JSON.parse(await answered('calibration', 'list', '--json')) as Listed).calibrations;
}

it('result files lead to a profile that answers are given with, and back', async () => {
  const files = [8, 16].map((concurrency) => {
    const name = `at-${concurrency}.json`;
    const rates = { output_throughput: concurrency * 32, total_token_throughput: concurrency * 32 * 9 };
    const rest = { request_throughput: concurrency / 4, duration: 800 / concurrency };
    writeFileSync(join(home, name), JSON.stringify(serveResult({ max_concurrency: concurrency, ...rates, ...rest })));
    return name;
  });
  const setup = ['--gpu', 'h100', '--tp', '1', '-q', 'bf16', '--engine', 'vllm@0.11.0'];
  await answered('import-benchmark', ...files, ...setup, '--output', 'rows.csv');
  const before = await predicted();
  expect(before.profile).toBe('default');

  const report = await answered('calibrate', '--measurements', 'rows.csv', '--name', 'our-h100', '--use');
  expect(report).toContain('Profile our-h100 from default');
  expect(report).toMatch(/after, on the same rows/);
  const after = await predicted();
  // The servers of these files take 30 ms a token.
  expect(after.profile).toBe('our-h100');
  expect(Math.abs(after.tpot - 30)).toBeLessThan(Math.abs(before.tpot - 30));
  expect((await profiles()).find(({ is_in_use: isInUse }) => isInUse)).toMatchObject({
    name: 'our-h100',
    is_own: true,
  });

  await answered('calibration', 'use', 'default');
  expect(await predicted()).toEqual(before);
  await answered('calibration', 'use', 'our-h100');
  await answered('calibration', 'remove', 'our-h100');
  expect(await predicted()).toEqual(before);
  expect((await profiles()).map(({ name }) => name)).not.toContain('our-h100');
}, 120_000);

it('a profile that goes to a file is not put in use, and both together are refused', async () => {
  const args = ['calibrate', '--name', 'x', '--from-priors', '--use', '--output', 'x.json'];
  const { code, stderr } = await runConfigiq(args, home, {}, '', home);
  expect(code).toBe(2);
  expect(stderr).toContain('--use puts a kept profile in use, and with --output none is kept');
}, 60_000);

it('rows of which none can be used say why, with counts', async () => {
  writeFileSync(join(home, 'odd.json'), JSON.stringify(serveResult()));
  await answered('import-benchmark', 'odd.json', '--output', 'odd.csv');
  const { code, stderr } = await runConfigiq(
    ['calibrate', '--measurements', 'odd.csv', '--name', 'x'],
    home,
    {},
    '',
    home,
  );
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/No measurement of these can be used: .+ \(1\)\./);
}, 60_000);
