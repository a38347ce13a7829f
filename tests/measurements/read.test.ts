import { closeSync, createWriteStream, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eachMeasurement, readMeasurements } from '../../src-main/measurements/read.ts';
import { RESULT_COLUMNS } from '../../src-worker/engine/validation/types.ts';
import { MEASUREMENT_COLUMNS } from '../../src-worker/protocol/measurement-columns.ts';

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'configiq-measurements-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string, name = 'rows.csv'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A row that is in order, as a Llama-3.1-8B on an H100 measures. */
const GOOD: Readonly<Record<string, string>> = {
  point_id: 'p1',
  source_id: 'mine',
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  gpu: 'nvidia-h100-80gb',
  gpu_count: '1',
  tp: '1',
  engine: 'vLLM',
  engine_version: '0.11.0',
  kv_dtype: '',
  workload_kind: 'closed_loop',
  isl: '1024',
  osl: '128.5',
  batch_or_concurrency: '16',
  request_rate_rps: '',
  prefix_tokens: '',
  ttft_ms_mean: '41.5',
  ttft_ms_p50: '40',
  ttft_ms_p99: '80',
  tpot_ms_mean: '8.25',
  total_tok_s: '',
  req_s: '',
  output_tok_s: '1890',
};
const COLUMNS = Object.keys(GOOD);
const csv = (...rows: Readonly<Record<string, string>>[]): string =>
  [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column] ?? ''))]
    .map((cells) => `${cells.join(',')}\n`)
    .join('');
const withCells = (cells: Record<string, string>) => ({ ...GOOD, ...cells });

const refusal = async (path: string): Promise<string> => {
  try {
    await readMeasurements(path);
  } catch (thrown) {
    expect(thrown).toMatchObject({ family: 'file' });
    return thrown instanceof Error ? thrown.message : '';
  }
  return 'was read';
};

describe('a measurement file', () => {
  it('gives its rows, with null for what it does not say', async () => {
    const { measurements, ...summary } = await readMeasurements(file(csv(GOOD)));
    expect(summary).toEqual({ rows: 1, skipped: [], skippedCount: 0, reasons: [], notes: [] });
    expect(measurements).toEqual([
      expect.objectContaining({
        pointId: 'p1',
        sourceId: 'mine',
        tensorParallel: 1,
        pipelineParallel: null,
        engine: 'vllm',
        engineVersion: '0.11.0',
        weightDtype: null,
        kind: 'closed_loop',
        inputTokens: 1024,
        outputTokens: 128.5,
        batchOrConcurrency: 16,
        measured: { ttft_ms_mean: 41.5, ttft_ms_p50: 40, ttft_ms_p99: 80, tpot_ms_mean: 8.25, output_tok_s: 1890 },
      }),
    ]);
  });

  it.each([
    ['ttft_ms_mean', '12 ms', 'ttft_ms_mean is not a number', /"12 ms".*the number alone/],
    ['ttft_ms_mean', '0.4s', 'ttft_ms_mean is not a number', /"0\.4s"/],
    ['output_tok_s', '1.890,5', 'output_tok_s is not a number', /1\.890/],
    ['tpot_ms_mean', 'NaN', 'tpot_ms_mean is not a number', /leave the cell empty/],
    ['tpot_ms_mean', 'inf', 'tpot_ms_mean is not a number', /leave the cell empty/],
    ['tpot_ms_mean', '-8.25', 'tpot_ms_mean is below zero', /-8\.25/],
    ['tpot_ms_mean', '0', 'tpot_ms_mean is 0', /nothing was measured/],
    ['ttft_ms_p99', '0.08', 'ttft_ms_p99 is below ttft_ms_p50', /another unit/],
    ['isl', '0', 'isl is 0', /isl is 0/],
    ['osl', '-1', 'osl is below zero', /osl is -1/],
    ['tp', '1.5', 'tp is no whole number', /1\.5/],
    ['tp', '0', 'tp is 0', /tp is 0/],
    ['isl', '0x3e8', 'isl is not a number', /^isl is "0x3e8", not a number: write the number alone/],
    ['osl', '0B11', 'osl is not a number', /"0B11"/],
    ['tpot_ms_mean', '0o17', 'tpot_ms_mean is not a number', /"0o17"/],
    [
      'kv_dtype',
      'int3',
      'kv_dtype is not known',
      /^kv_dtype is "int3", none of auto, fp16, bf16,.*, int8: write one of them, or leave it empty\.$/,
    ],
    ['kv_dtype', 'constructor', 'kv_dtype is not known', /"constructor"/],
    [
      'engine_version',
      'banana',
      'engine_version is no version',
      /^engine_version is "banana", no version: write it as 0\.11\.0, .* or leave it empty\.$/,
    ],
    [
      'engine_version',
      '2026-13',
      'engine_version is no version',
      /^engine_version is "2026-13", and there is no month 13: write year and month as 2026-02, or leave it empty\.$/,
    ],
    ['engine_version', 'nightly 2026-00', 'engine_version is no version', /no month 00/],
    ['engine_version', '0x10', 'engine_version is no version', /"0x10"/],
    ['tpot_ms_mean', '1e308', 'tpot_ms_mean is too large', /1e\+308: nothing measured that/],
    ['batch_or_concurrency', '0.5', 'batch_or_concurrency is below 1', /at least one request/],
    ['request_rate_rps', '1e9', 'request_rate_rps is no rate', /from 100,000 on it means all at once.*offline_max/],
    ['prefix_tokens', '999999', 'prefix_tokens is above isl', /999999, and the prompt has 1024 tokens/],
    ['tp', '64', 'gpu_count is not tp × pp × dp', /gpu_count is 1, and tp × pp × dp 64/],
    ['workload_kind', 'streaming', 'workload_kind is not known', /"streaming".*static_batch, offline_max/],
    ['workload_kind', '', 'no kind of load is given', /column workload_kind is empty/],
    ['model', ' ', 'no model is given', /model is empty/],
    ['gpu', '', 'no GPU is given', /gpu is empty/],
    ['engine', '', 'no engine is given', /engine is empty/],
  ])('with %s = "%s" skips that row and no other', async (column, value, kind, sentence) => {
    const cell = value.includes(',') ? `"${value}"` : value;
    const path = file(csv(GOOD, withCells({ point_id: 'bad', [column]: cell }), withCells({ point_id: 'p3' })));
    const { measurements, skipped, reasons } = await readMeasurements(path);
    expect(measurements.map(({ pointId }) => pointId)).toEqual(['p1', 'p3']);
    expect(skipped).toEqual([{ pointId: 'bad', reason: expect.stringMatching(sentence) as string }]);
    expect(reasons).toEqual([{ reason: kind, count: 1, example: skipped[0] }]);
  });

  it.each([
    ['isl', ['1e3', '1024.', '+1024', '.5e4']],
    ['kv_dtype', ['', 'auto', 'FP8', 'fp8_e4m3', 'bf16']],
    [
      'engine_version',
      [
        '',
        'v0.11.0',
        '0.6.3.post2.dev308',
        '2026-02 (0.15)',
        'NIM 1.0 (TRT-LLM 2024)',
        '2023 (unspecified)',
        'nightly',
      ],
    ],
  ])('with %s as people write it is read', async (column, values) => {
    const rows = values.map((value, index) => withCells({ point_id: `p${index}`, [column]: value }));
    const { measurements, skipped } = await readMeasurements(file(csv(...rows)));
    expect(skipped).toEqual([]);
    expect(measurements).toHaveLength(values.length);
  });

  it('keeps a row without lengths, whose use is for others to judge, and skips one without a result', async () => {
    const empty = { ttft_ms_mean: '', ttft_ms_p50: '', ttft_ms_p99: '', tpot_ms_mean: '', output_tok_s: '' };
    const path = file(csv(withCells({ isl: '', osl: '' }), withCells({ point_id: 'none', ...empty })));
    const { measurements, skipped } = await readMeasurements(path);
    expect(measurements).toMatchObject([{ inputTokens: null, outputTokens: null }]);
    expect(skipped).toEqual([{ pointId: 'none', reason: expect.stringMatching(/nothing to compare/) as string }]);
  });

  it('skips a row whose comma moved every cell behind it', async () => {
    const path = file(csv(withCells({ model: 'meta-llama/Llama-3.1-8B, Instruct' }), GOOD));
    const { measurements, skipped } = await readMeasurements(path);
    expect(measurements).toHaveLength(1);
    expect(skipped[0]?.reason).toBe('It has 23 cells, and the header 22: put quotes around a cell that holds a comma.');
  });

  it('names a row without an id by its line', async () => {
    const { measurements, skipped } = await readMeasurements(
      file(csv(withCells({ point_id: '' }), withCells({ point_id: '', isl: 'long' }))),
    );
    expect(measurements[0]?.pointId).toBe('line 2');
    expect(skipped[0]?.pointId).toBe('line 3');
  });

  it('of bad rows alone says why: a reason each, however many rows', async () => {
    const rows = Array.from({ length: 12_000 }, (_, index) =>
      withCells({
        point_id: `p${index}`,
        ...(index % 3 === 0 ? { isl: `${index} tokens` } : { tpot_ms_mean: `-${index}` }),
      }),
    );
    const { measurements, skipped, skippedCount, reasons, rows: read } = await readMeasurements(file(csv(...rows)));
    expect(measurements).toEqual([]);
    expect([read, skippedCount, skipped.length]).toEqual([12_000, 12_000, 10_000]);
    expect(reasons).toMatchObject([
      { reason: 'tpot_ms_mean is below zero', count: 8000, example: { pointId: 'p1' } },
      { reason: 'isl is not a number', count: 4000, example: { pointId: 'p0' } },
    ]);
  });

  describe('whose rates are not the same requests', () => {
    // 1,024 tokens in and 128.5 out: at 10 requests/s 1,285 and 11,525 tokens/s.
    const latencies = { ttft_ms_mean: '', ttft_ms_p50: '', ttft_ms_p99: '', tpot_ms_mean: '' };
    const rates = async (cells: Record<string, string>, others = {}) => {
      const { measurements, notes, skipped } = await readMeasurements(
        file(csv(withCells({ output_tok_s: '', ...others, ...cells }))),
      );
      return { columns: Object.keys(measurements[0]?.measured ?? {}), notes, skipped };
    };

    it('loses the one that two others outvote, and says so', async () => {
      const sound = { req_s: '10', output_tok_s: '1285', total_tok_s: '11525' };
      expect((await rates(sound, latencies)).columns).toEqual(['output_tok_s', 'total_tok_s', 'req_s']);
      expect((await rates({ ...sound, total_tok_s: '10700' }, latencies)).columns).toContain('total_tok_s');
      const odd = await rates({ ...sound, total_tok_s: '3900' }, latencies);
      expect(odd.columns).toEqual(['output_tok_s', 'req_s']);
      expect(odd.notes).toEqual([
        expect.stringMatching(/^total_tok_s was left out of 1 row \(p1 is the first\): by isl and osl/),
      ]);
      expect((await rates({ ...sound, req_s: '72' }, latencies)).columns).toEqual(['output_tok_s', 'total_tok_s']);
    });

    it('loses both of two that disagree, and is skipped where nothing else was measured', async () => {
      expect((await rates({ req_s: '10', output_tok_s: '600' })).columns).not.toContain('req_s');
      const alone = await rates({ req_s: '10', output_tok_s: '600' }, latencies);
      expect(alone.columns).toEqual([]);
      expect(alone.skipped[0]?.reason).toBe(
        'By isl and osl output_tok_s and req_s are not the same requests: correct them, or the lengths.',
      );
    });
  });

  it('takes a constant rate as even gaps, but for a client whose constant rate has random ones', async () => {
    const open = { ...GOOD, workload_kind: 'open_loop', request_rate_rps: '4', batch_or_concurrency: '' };
    const arrivals = async (arrival: string, notes: string): Promise<string | null | undefined> => {
      const [header, ...rows] = csv(open).trim().split('\n');
      const text = `${header},arrival,notes\n${rows.join('')},${arrival},${notes}\n`;
      return (await readMeasurements(file(text))).measurements[0]?.arrival;
    };
    expect(await arrivals('constant', '')).toBe('constant');
    expect(await arrivals('constant', 'GuideLLM 0.3; strategy constant')).toBe('constant');
    expect(await arrivals('constant', 'inference-perf; seconds × 1000')).toBe('poisson');
    expect(await arrivals('poisson', 'inference-perf')).toBe('poisson');
    expect(await arrivals('', 'inference-perf')).toBeNull();
  });

  it('tells columns that it does not know, and what they may mean', async () => {
    const text = csv(GOOD).replace('ttft_ms_p50', 'ttft_ms_p5O').replace('source_id', 'Weather');
    const { measurements, notes } = await readMeasurements(file(text));
    expect(measurements[0]?.measured).not.toHaveProperty('ttft_ms_p50');
    expect(notes.join('\n')).toMatch(
      /"weather" is not known.*\n.*"ttft_ms_p5o" is not known.*did you mean ttft_ms_p50\?/,
    );
  });

  it.each([
    ['nothing', '', /is empty/],
    ['empty lines', '\n\r\n \n', /is empty/],
    ['a header alone', csv(), /a header and no row/],
    [
      'missing columns',
      'point_id,model,ttft_ms_mean\na,b,1\n',
      /no column gpu, engine, workload_kind, isl, osl: it is no file of measurements/,
    ],
    ['no result column', 'point_id,model,gpu,engine,workload_kind,isl,osl\n', /no column of results/],
    ['a column twice', csv(GOOD).replace('ttft_ms_p50', 'isl'), /the column isl twice/],
    ['other separators', csv(GOOD).replaceAll(',', ';'), /write commas/],
    ['JSON', '{"completed": 3,\n"duration": 2}', /configiq import-benchmark/],
    ['a quote that stays open', `${csv(GOOD)}"p2,x\n`, /from line 3 on: a quote is opened/],
  ])('that holds %s is refused with a sentence', async (_, text, sentence) => {
    expect(await refusal(file(text))).toMatch(sentence);
  });

  it.each(['utf16le', 'utf16be'])('in %s is refused with the encoding to save it in', async (encoding) => {
    const bytes = Buffer.from(`\uFEFF${csv(GOOD)}`, 'utf16le');
    const path = join(folder, 'utf16.csv');
    writeFileSync(path, encoding === 'utf16le' ? bytes : bytes.swap16());
    expect(await refusal(path)).toMatch(/its text is UTF-16, and UTF-8 is read: save it as CSV UTF-8\.$/);
  });

  it('with a zero byte in its head is said to have one, not to be UTF-16', async () => {
    expect(await refusal(file(csv(GOOD).replace('workload_kind', 'workload_\0kind')))).toMatch(
      /has no column workload_kind: its first line holds a zero byte, which no text has: save it anew, or get it once more\.$/,
    );
  });

  it('that is missing, a folder, or of a gigabyte is refused at once', async () => {
    expect(await refusal(join(folder, 'none.csv'))).toMatch(/does not exist/);
    expect(await refusal(folder)).toMatch(/is a folder/);
    const path = join(folder, 'huge.csv');
    const handle = openSync(path, 'w');
    ftruncateSync(handle, 1e9);
    closeSync(handle);
    expect(await refusal(path)).toMatch(/1,000,000,000 bytes.*900,000,000/);
    rmSync(path);
  });

  it('of 200,000 rows streams through memory that does not grow with it', async () => {
    const path = join(folder, 'many.csv');
    const stream = createWriteStream(path);
    stream.write(csv());
    const many = 200_000;
    for (let at = 0; at < many; at += 10_000) {
      const rows = Array.from({ length: 10_000 }, (_, index) =>
        withCells({ point_id: `point-number-${at + index}`, osl: (at + index) % 4 === 0 ? '0' : '64' }),
      );
      if (!stream.write(csv(...rows).slice(csv().length))) await once(stream, 'drain');
    }
    stream.end();
    await once(stream, 'finish');
    let taken = 0;
    let tokens = 0;
    // What a promise holds back is waited for, so that nothing piles up before a slow taker.
    const summary = await eachMeasurement(path, (measurement) => {
      taken += 1;
      tokens += measurement.outputTokens ?? 0;
      return taken % 50_000 === 0 ? Promise.resolve() : undefined;
    });
    expect(taken).toBe(150_000);
    expect(tokens).toBe(150_000 * 64);
    expect(summary).toMatchObject({
      rows: many,
      skippedCount: 50_000,
      reasons: [{ reason: 'osl is 0', count: 50_000 }],
    });
    rmSync(path);
  }, 60_000);

  it('has the columns that results are compared in', () => {
    expect(MEASUREMENT_COLUMNS).toEqual(expect.arrayContaining([...RESULT_COLUMNS]));
  });
});
