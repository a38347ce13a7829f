import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import { ensureBuilt, runConfigiq } from './command.ts';

/**
 * The commands of the description this project began from, as they stand there (`configiq` in place of
 * `python -m config_iq.cli.main`), with everything they print. A golden file changes when catalogs, calibration or the
 * report do: `UPDATE_GOLDEN=1 npx vitest run --project node tests/cli/golden.test.ts` writes them anew, and their diff is
 * read like code.
 */
const EXAMPLES = {
  'basic-usage': `--model meta-llama/Llama-2-7b-hf --workload chat --users 100`,
  'advanced-options': `--model meta-llama/Llama-2-70b-hf --workload rag --users 50 --headroom 50 --quantization fp16 --pricing ondemand --top 5 --output results.json --zone us-central1-a`,
  'list-zones': `--list-zones`,
  'one-zone': `--model meta-llama/Llama-2-7b-hf --users 100 --zone us-central1-a`,
  'one-region': `--model meta-llama/Llama-2-7b-hf --users 100 --region us-west1`,
};

const SECTIONS = [
  'HARDWARE SIZING ANALYSIS',
  'ALL EVALUATED HARDWARE CONFIGURATIONS',
  'SLA COMPLIANCE REPORT',
  'THROUGHPUT ANALYSIS',
  'COST ANALYSIS',
  'vLLM COMMANDS',
  'SUMMARY',
  'ANALYSIS ASSUMPTIONS',
];

const isUpdating = process.env['UPDATE_GOLDEN'] === '1';
const goldenFolder = join(import.meta.dirname, 'golden');
const home = mkdtempSync(join(tmpdir(), 'configiq-golden-'));
const work = join(home, 'work');

beforeAll(() => {
  mkdirSync(work);
  ensureBuilt();
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Versions and the catalog's digest change with every release and price. */
const masked = (text: string): string =>
  text.replaceAll(
    /^ConfigIQ \S+, engine \S+, catalog \S+$/gm,
    'ConfigIQ (version), engine (version), catalog (version)',
  );

it.each(Object.entries(EXAMPLES))('%s prints what its golden file holds', async (name, line) => {
  const { code, stdout, stderr } = await runConfigiq(line.split(' '), home, {}, '', work);
  expect(code).toBe(0);
  expect(stderr).toBe(line.includes('--output') ? 'Written: results.json\n' : '');
  if (line.includes('--model')) for (const section of SECTIONS) expect(stdout).toContain(section);
  const file = join(goldenFolder, `${name}.txt`);
  if (isUpdating) writeFileSync(file, masked(stdout));
  expect(masked(stdout)).toBe(readFileSync(file, 'utf8'));
});

it('replicas behind a router: the report says who routes', async () => {
  const line =
    'predict -m meta-llama/Llama-2-7b-hf --gpu a100-80gb --replicas 4 --router least_loaded --method simulation --rate 64 --input-tokens 250 --output-tokens 150 --input-cv 0.6 --output-cv 0.5';
  const { code, stdout, stderr } = await runConfigiq(line.split(' '), home, {}, '', work);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^Router: least loaded, over 4 replicas$/m);
  const file = join(goldenFolder, 'least-loaded.txt');
  if (isUpdating) writeFileSync(file, masked(stdout));
  expect(masked(stdout)).toBe(readFileSync(file, 'utf8'));
});

it('the advanced example leaves its answer in results.json, with both commands of each row', () => {
  const document = JSON.parse(readFileSync(join(work, 'results.json'), 'utf8')) as SizeDocument;
  expect(document.input).toMatchObject({ zone: 'us-central1-a', headroom: 50, workload: 'rag', users: 50 });
  expect(document.recommendations).toHaveLength(5);
  for (const { zone, vllm_commands: commands } of document.recommendations) {
    expect(zone).toBe('us-central1-a');
    expect(commands.safe).toMatch(/^vllm serve meta-llama\/Llama-2-70b-hf /);
    expect(commands.high_performance).toMatch(/^vllm serve meta-llama\/Llama-2-70b-hf /);
  }
});
