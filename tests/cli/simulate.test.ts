import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { PredictDocument } from '../../src-worker/protocol/documents.ts';
import { askConfigiq, ensureBuilt, startConfigiq, type Ended } from './command.ts';

const home = mkdtempSync(join(tmpdir(), 'configiq-simulate-'));
beforeAll(ensureBuilt, 120_000);

const configiq = (...args: string[]): Promise<Ended> => askConfigiq(args, home);
const LLAMA = ['-m', 'meta-llama/Llama-3.1-8B-Instruct', '--gpu', 'nvidia-h100-80gb'];
const LENGTHS = ['--input-tokens', '1k', '--output-tokens', '200', '--output-cv', '1'];

afterAll(() => rmSync(home, { recursive: true, force: true }));

const fileOf = (name: string, text: string): string => {
  const path = join(home, name);
  writeFileSync(path, text);
  return path;
};

const parsed = (text: string): PredictDocument => {
  expect(text).not.toMatch(/\bNaN\b|\bInfinity\b/);
  return JSON.parse(text) as PredictDocument;
};

describe('configiq simulate', () => {
  it('gives the same bytes twice, for a load and for a trace, and writes the document beside the report', async () => {
    const trace = fileOf(
      'requests.csv',
      ['arrival_s,input_tokens,output_tokens', ...Array.from({ length: 200 }, (_, i) => `${i / 10},500,80`)].join('\n'),
    );
    const output = join(home, 'answer.json');
    for (const load of [
      [...LENGTHS, '--rate', '10', '--seed', '3'],
      ['--trace', trace, '--replicas', '2'],
    ]) {
      const [first, again, report] = await Promise.all([
        configiq('simulate', ...LLAMA, ...load, '--json'),
        configiq('simulate', ...LLAMA, ...load, '--json'),
        configiq('simulate', ...LLAMA, ...load, '--output', output),
      ]);
      expect(first).toMatchObject({ code: 0, stderr: '' });
      expect(again.stdout).toBe(first.stdout);
      expect(readFileSync(output, 'utf8')).toBe(first.stdout);
      expect(report.stderr).toBe(`Written: ${output}\n`);
      expect(report.stdout).toMatch(/SIMULATION/);
      expect(report.stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
    }
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('%s ends it at once, with 130 and a word', async (signal) => {
    const own = mkdtempSync(join(tmpdir(), 'configiq-interrupted-'));
    const child = startConfigiq(['simulate', ...LLAMA, ...LENGTHS, '--rate', '20', '--num-prompts', '5000000'], own);
    let [output, said] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    // The program is up, and computes for many seconds from then on.
    await vi.waitFor(() => expect(existsSync(join(own, 'configiq.sqlite'))).toBe(true), {
      timeout: 20_000,
      interval: 20,
    });
    const startedAt = performance.now();
    child.kill(signal);
    const [code] = (await once(child, 'close')) as [number | null];
    rmSync(own, { recursive: true, force: true });
    expect({ code, output, said }).toEqual({ code: 130, output: '', said: 'Interrupted.\n' });
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('tells what was simulated, percentiles with half widths, preemptions, and the course in ten rows', async () => {
    const { stdout } = await configiq('simulate', ...LLAMA, ...LENGTHS, '--rate', '10', '--num-prompts', '2000');
    expect(stdout).toMatch(/^TTFT +[\d.]+ ms( +[\d.,]+ ms){4}$/m);
    expect(stdout).toMatch(/^ {2}\+\/- +[\d.]+ ms/m);
    expect(stdout).toMatch(/a run of 2,000 requests\s+from an empty deployment/);
    expect(stdout).toMatch(/^Preemptions: none$/m);
    expect(stdout).toMatch(/^Length: [\d,.]+ s from the first request/m);
    const from = stdout.split('\n').findIndex((line) => /^ *From +Running +Waiting +KV cache/.test(line));
    const rows = stdout.split('\n').slice(from + 2, from + 12);
    expect(rows.filter((row) => /^ *[\d.,]+ s .*%.*[#.]*/.test(row))).toHaveLength(10);
  });

  it('prints the timeline as CSV', async () => {
    const { stdout } = await configiq('simulate', ...LLAMA, ...LENGTHS, '--batch', '20', '--csv');
    const [header, ...rows] = stdout.trimEnd().split('\n');
    expect(header).toBe(
      'from_s,running,waiting,kv_cache_fraction,preemptions,max_running,max_waiting,max_kv_cache_fraction',
    );
    expect(rows.length).toBeGreaterThan(100);
    for (const row of rows) expect(row).toMatch(/^[\d.e-]+(,[\d.e-]+){7}$/);
  });

  it('notes of a trace, rows that were skipped and what was replayed stand in the report and in the document', async () => {
    const trace = fileOf('skipping.csv', 'arrival_s,input_tokens,output_tokens\n0,100,10\n1,1e9,10\n3,50,5\n2,70,5\n');
    const [json, report] = await Promise.all([
      configiq('simulate', ...LLAMA, '--trace', trace, '--json'),
      configiq('simulate', ...LLAMA, '--trace', trace),
    ]);
    const document = parsed(json.stdout);
    expect(document.trace).toMatchObject({ requests: 3, skipped_rows: 1 });
    expect(document.trace?.skipped[0]).toMatchObject({ line: 3 });
    expect(document.simulation).toMatchObject({ kind: 'trace', requests: 3, seed: null });
    expect(report.stdout).toMatch(/^Trace: .*requests in/ms);
    expect(report.stdout).toMatch(/Skipped: 1 row, the first at line 3/);
  });

  it('what lacks memory exits 3, and saturation is an answer', async () => {
    const large = ['-m', 'meta-llama/Llama-3.1-70B-Instruct', '--gpu', 'nvidia-h100-80gb'];
    const [unfit, saturated] = await Promise.all([
      configiq('simulate', ...large, ...LENGTHS, '--rate', '1', '--json'),
      configiq('predict', ...LLAMA, ...LENGTHS, '--rate', '500', '--method', 'simulation', '--json'),
    ]);
    expect(unfit.code).toBe(3);
    expect(parsed(unfit.stdout).simulation).toBeNull();
    expect(saturated.code).toBe(0);
    expect(parsed(saturated.stdout)).toMatchObject({ saturated: true, ttft_ms: { p95: null } });
  });

  it.each<[string[], number, RegExp]>([
    [['--rate', '0'], 2, /--rate must be above 0, got 0/],
    [['--rate', '-1'], 2, /--rate/],
    [['--rate', 'inf'], 2, /--num-prompts/],
    [['--rate', '1', '--arrival', 'gamma', '--arrival-cv', '50'], 2, /--arrival-cv must be at most 20, got 50/],
    [['--rate', '1', '--num-prompts', '1e9'], 2, /--num-prompts must be at most 5000000/],
    [['--rate', '1', '--json', '--csv'], 2, /exclude each other/],
    [
      ['--rate', '1', '--router', 'least_busy'],
      2,
      /--router does not know "least_busy": it takes random, round_robin, least_loaded/,
    ],
    [
      ['--rate', '99', '--replicas', '65', '--router', 'least_loaded'],
      2,
      /router least_loaded follows all replicas together, and 65 are more than the 64 .* give fewer replicas/,
    ],
    [['--rate', '1', '--trace', 'requests.csv'], 4, /requests\.csv/],
  ])('%j is refused in words', async (load, code, words) => {
    const ended = await configiq('simulate', ...LLAMA, ...LENGTHS, ...load);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toMatch(words);
    expect(ended.code).toBe(code);
    expect(ended.stderr.length).toBeLessThanOrEqual(600);
  });

  it('its help has examples and every option with its default', async () => {
    const { stdout, code } = await configiq('simulate', '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Examples:/);
    for (const flag of [
      '--trace',
      '--trace-speed',
      '--router',
      '--num-prompts',
      '--seed',
      '--scheduling-policy',
      '--csv',
    ]) {
      expect(stdout).toContain(flag);
    }
    expect(stdout).not.toContain('--method');
  });
});
