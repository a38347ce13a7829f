import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { PredictDocument, SizeDocument } from '../../src-worker/protocol/documents.ts';
import { askConfigiq } from './command.ts';

const MODEL = 'meta-llama/Llama-3.3-70B-Instruct';
const home = mkdtempSync(join(tmpdir(), 'configiq-pipeline-'));

afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('--pp on the command line', () => {
  test('size: ids, replicas and the command carry the stages', async () => {
    const args = ['--model', MODEL, '--users', '100', '--pp', '2', '--gpu', 'h100', '--provider', 'aws', '--json'];
    const { code, stdout } = await askConfigiq(args, home);
    expect(code).toBe(0);
    const [row] = (JSON.parse(stdout) as SizeDocument).recommendations;
    expect(row).toMatchObject({ instance: 'p5.48xlarge', tensor_parallel: 2, pipeline_parallel: 2 });
    expect(row?.id).toMatch(/^aws\/p5\.48xlarge\/.*\/tp2pp2\/fp16$/);
    expect(row?.replicas_per_instance).toBe(2);
    expect(row?.vllm_command).toContain('--tensor-parallel-size 2 --pipeline-parallel-size 2 ');
    expect(row?.warnings.map(({ code: warning }) => warning)).toContain('extrapolated_pipeline');
  });

  test('predict: the report names the GPUs of a replica', async () => {
    const args = ['predict', '-m', MODEL, '--gpu', 'h100', '--tp', '2', '--pp', '2', '--rate', '3'];
    const lengths = ['--input-tokens', '1k', '--output-tokens', '200'];
    const report = await askConfigiq([...args, ...lengths], home);
    expect(report.stdout).toContain('nvidia-h100-80gb × 4 (TP 2, PP 2) per replica');
    const json = await askConfigiq([...args, ...lengths, '--json'], home);
    const document = JSON.parse(json.stdout) as PredictDocument;
    expect(document.input).toMatchObject({ tp: 2, pp: 2 });
    expect(document.memory.fits).toBe(true);
  });

  test('sweep: a column of its own', async () => {
    const file = join(home, 'rows.csv');
    const args = ['sweep', '-m', MODEL, '--pp', '2', '-u', '10,100', '--gpu', 'h100', '--provider', 'aws'];
    const { code } = await askConfigiq([...args, '--export', file], home);
    expect(code).toBe(0);
    const [head = '', ...rows] = readFileSync(file, 'utf8').trim().split('\n');
    const at = head.split(',').indexOf('pipeline_parallel');
    const passing = rows.filter((row) => row.includes('pp2/'));
    expect(passing).toHaveLength(2);
    for (const row of passing) expect(row.split(',')[at]).toBe('2');
  });

  test.each([
    [['--model', MODEL, '--users', '10', '--pp', '0'], '--pp must be at least 1'],
    [
      ['predict', '-m', 'EleutherAI/pythia-14m', '--gpu', 'h100', '--pp', '9', '--rate', '1'],
      'pp 9 needs a layer for every stage',
    ],
  ])('%j is wrong usage', async (args, words) => {
    const lengths = args[0] === 'predict' ? ['--input-tokens', '100', '--output-tokens', '10'] : [];
    const { code, stderr } = await askConfigiq([...args, ...lengths], home);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });

  test('no instance holds the replica: exit 3, and no pipeline is one way out', async () => {
    const args = ['--model', MODEL, '--users', '100', '--tp', '4', '--pp', '4', '--gpu', 'a100-80gb'];
    const { code, stdout } = await askConfigiq(args, home);
    expect(code).toBe(3);
    expect(stdout).toContain('No instance has the 16 GPUs that TP 4 × PP 4 needs.');
    expect(stdout).toContain('No pipeline (now PP 4)');
  });
});
