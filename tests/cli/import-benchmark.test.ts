import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMeasurements } from '../../src-main/measurements/read.ts';
import { MEASUREMENT_COLUMNS } from '../../src-worker/protocol/measurement-columns.ts';
import { serveResult } from '../measurements/formats/serve-result.ts';
import { askConfigiq, type Ended } from './command.ts';

const home = mkdtempSync(join(tmpdir(), 'configiq-import-'));
const work = join(home, 'work');
beforeAll(() => void mkdirSync(work));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const run = (...args: string[]): Promise<Ended> => askConfigiq(['import-benchmark', ...args], home, {}, '', work);
const at = (name: string): string => join(work, name);
function file(name: string, document: unknown): string {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), typeof document === 'string' ? document : JSON.stringify(document));
  return name;
}
const SETUP = ['--gpu', 'h100', '--tp', '1', '-q', 'bf16', '--engine', 'vllm@0.11.0'];

describe('configiq import-benchmark', () => {
  it('prints what came in, what is to be known of it, and what is missing', async () => {
    file('closed.json', serveResult());
    file(
      'open.json',
      serveResult({ model_id: '/models/mine', request_rate: 8, max_concurrency: null, output_throughput: 600 }),
    );
    file('bad.json', serveResult({ completed: 0, total_output_tokens: 0 }));
    const { code, stdout, stderr } = await run(
      'closed.json',
      'open.json',
      'bad.json',
      '--gpu',
      'h100',
      '--engine',
      'vllm',
    );
    expect(code).toBe(4);
    expect(stderr).toBe(
      'configiq: bad.json holds nothing that can be used: none of 200 requests succeeded: nothing was measured.\n' +
        'The rest was read: leave such files out, or take the rest with --good-part.\n',
    );
    // UPDATE_GOLDEN=1 writes it anew, and its difference is read like code.
    const golden = join(import.meta.dirname, 'golden', 'import-benchmark.txt');
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, stdout);
    expect(stdout).toBe(readFileSync(golden, 'utf8'));
  });

  it('writes a measurement file that is read back', async () => {
    file('closed.json', serveResult());
    const { code, stderr } = await run('closed.json', ...SETUP, '--output', 'rows.csv');
    expect([code, stderr]).toEqual([0, 'Written: rows.csv\n']);
    const { measurements, skipped } = await readMeasurements(at('rows.csv'));
    expect(skipped).toEqual([]);
    expect(measurements).toMatchObject([
      {
        pointId: 'closed-0001',
        gpu: 'nvidia-h100-80gb',
        gpuCount: 1,
        tensorParallel: 1,
        engine: 'vllm',
        engineVersion: '0.11.0',
        weightDtype: 'bf16',
        kind: 'closed_loop',
        inputTokens: 1024,
        outputTokens: 128,
        measured: { tpot_ms_mean: 30 },
      },
    ]);
  });

  it('--json holds every column of every row, files, warnings and what is missing', async () => {
    file('closed.json', serveResult());
    const { code, stdout, stderr } = await run('closed.json', '--json');
    expect([code, stderr]).toEqual([0, '']);
    const document = JSON.parse(stdout) as Record<string, unknown> & { rows: Record<string, unknown>[] };
    expect(document).toMatchObject({
      schema_version: 1,
      files: [{ file: 'closed.json', format: 'vllm-bench', rows: 1, skipped: [], problem: null }],
      warnings: [],
      missing: expect.arrayContaining([
        { column: 'gpu', rows: 1, is_needed: true, sentence: expect.any(String) as string },
      ]) as unknown[],
      written: null,
    });
    expect(document).not.toHaveProperty('csv');
    expect(Object.keys(document.rows[0] ?? {})).toEqual([...MEASUREMENT_COLUMNS]);
  });

  it('with a bad file among good ones writes nothing until --good-part says so', async () => {
    file('closed.json', serveResult());
    file('cut.json', '{"completed": 2');
    const refused = await run('cut.json', 'closed.json', 'gone.json', '--output', 'part.csv');
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(
      /cut\.json is not valid JSON.*\(and 1 more\)\.\nNothing was written: leave such files out, or take the rest with --good-part/,
    );
    expect(refused.stdout).toMatch(/1 row from 1 of 3 files/);
    expect(refused.stdout).toMatch(/There is no file .*gone\.json/);
    expect(existsSync(at('part.csv'))).toBe(false);
    const taken = await run('cut.json', 'closed.json', 'gone.json', ...SETUP, '--output', 'part.csv', '--good-part');
    expect(taken.code).toBe(0);
    expect((await readMeasurements(at('part.csv'))).measurements).toHaveLength(1);
    const none = await run('cut.json', '--output', 'none.csv', '--good-part');
    expect(none.code).toBe(4);
    expect(existsSync(at('none.csv'))).toBe(false);
  });

  it('finds the config of inference-perf beside its stages', async () => {
    file(
      'perf/config.yaml',
      'load:\n  type: poisson\n  stages:\n  - rate: 4\nserver:\n  type: vllm\n  model_name: meta-llama/Llama-2-7b-hf\n',
    );
    file('perf/stage_0_lifecycle_metrics.json', {
      load_summary: { count: 60 },
      successes: {
        count: 60,
        latency: {
          request_latency: { mean: 1.05 },
          time_to_first_token: { mean: 0.05 },
          time_per_output_token: { mean: 0.005 },
        },
        throughput: { requests_per_sec: 4, output_tokens_per_sec: 404, total_tokens_per_sec: 804 },
        prompt_len: { mean: 100 },
        output_len: { mean: 101 },
      },
      failures: { count: 0 },
    });
    const { code, stdout } = await run('perf/stage_0_lifecycle_metrics.json', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      rows: [{ model: 'meta-llama/Llama-2-7b-hf', arrival: 'poisson', request_rate_rps: 4, tpot_ms_mean: 10 }],
    });
  });

  it('refuses a gigabyte, a folder and names that are not there within three lines', async () => {
    const handle = openSync(at('huge.json'), 'w');
    ftruncateSync(handle, 1e9);
    closeSync(handle);
    file('closed.json', serveResult());
    for (const [args, code, sentence] of [
      [['huge.json'], 4, /1000000000 bytes/],
      [['perf'], 4, /is a folder/],
      [['closed.json', '--gpu', 'h10'], 2, /GPU "h10"/],
      [['closed.json', '--gpu', 'a100'], 2, /can mean/],
      [['closed.json', '--tp', '0'], 2, /--tp must be at least 1/],
      [['closed.json', '-q', 'fp9'], 2, /fp9/],
      [['closed.json', '--engine', 'vlm'], 2, /engine "vlm"/],
      [['closed.json', '--output', 'no/such/folder.csv'], 4, /there is no folder/],
      [['closed.json', '--model', './nowhere/config.json'], 4, /There is no file/],
      [[], 2, /files/],
    ] as const) {
      const refused = await run(...args);
      expect(refused.code, args.join(' ')).toBe(code);
      expect(refused.stderr).toMatch(sentence);
      expect(refused.stderr.trim().split('\n').length).toBeLessThanOrEqual(3);
    }
    rmSync(at('huge.json'));
  }, 60_000);

  it('takes a model that is not known yet, and says so', async () => {
    file('closed.json', serveResult());
    const { code, stdout } = await run('closed.json', '--model', 'some/future-model');
    expect(code).toBe(0);
    expect(stdout).toMatch(/No model is known here as "some\/future-model"/);
  });
});
