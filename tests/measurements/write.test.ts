import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMeasurements } from '../../src-main/measurements/read.ts';
import { measurementCsv } from '../../src-main/measurements/write.ts';
import { RESULT_COLUMNS, WORKLOAD_KINDS } from '../../src-worker/engine/validation/types.ts';
import { neutralized, unneutralized } from '../../src-worker/protocol/csv-text.ts';
import { emptyMeasurementRow, type MeasurementRow } from '../../src-worker/protocol/measurement-columns.ts';
import { randomFrom } from './random.ts';

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'configiq-write-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readBack = async (rows: readonly MeasurementRow[]) => {
  const path = join(folder, 'written.csv');
  writeFileSync(path, measurementCsv(rows));
  return readMeasurements(path);
};

const NEEDED = { model: 'm', gpu: 'g', engine: 'vllm', workload_kind: 'closed_loop', ttft_ms_mean: 1 };

describe('a written measurement file', () => {
  it('is read back as it was, whatever its texts and figures', async () => {
    const random = randomFrom(20);
    const marks = ['=', '+', '-', '@', "'", '"', ',', '\n', ' ', 'a', 'Ä', '＝', '1', '/'];
    const text = () => {
      const parts = Array.from({ length: 1 + random.below(8) }, () => random.of(marks)).join('');
      return parts.trim() || 'x';
    };
    const number = () => Number((10 ** (random.next() * 12 - 4)).toPrecision(10));
    const maybe = <Value>(value: () => Value): Value | null => (random.below(3) === 0 ? null : value());
    const rows = Array.from({ length: 300 }, () => {
      const row = emptyMeasurementRow();
      for (const column of ['point_id', 'model', 'gpu', 'engine'] as const) row[column] = text();
      for (const column of ['source_id', 'weight_dtype', 'arrival', 'regime', 'notes'] as const)
        row[column] = maybe(text);
      row.engine_version = maybe(() => `${text()} ${random.below(30)}.${random.below(30)}${text()}`);
      row.kv_dtype = maybe(() => random.of(['auto', 'bf16', 'FP8', 'fp8_e4m3', 'int8']));
      row.workload_kind = random.of([...WORKLOAD_KINDS]);
      for (const column of ['isl', 'osl', 'cold_requests'] as const) row[column] = maybe(number);
      // What cannot be is refused by whoever reads: less than a request, no rate, more cached than there is, other GPUs.
      for (const column of ['batch_or_concurrency', 'num_prompts'] as const) row[column] = maybe(() => 1 + number());
      row.request_rate_rps = maybe(() => Number((number() / 1e4).toPrecision(10)));
      row.prefix_tokens = row.isl === null ? maybe(number) : maybe(() => Number(row.isl) / 2);
      for (const column of ['tp', 'pp', 'ep', 'dp', 'max_num_seqs'] as const)
        row[column] = maybe(() => 1 + random.below(1000));
      row.gpu_count = row.tp === null ? maybe(() => 1 + random.below(1000)) : null;
      // Percentiles ascend as measured ones do.
      const p50 = number();
      Object.assign(row, { ttft_ms_p50: p50, ttft_ms_p90: p50 * 2, ttft_ms_p99: p50 * 3, output_tok_s: maybe(number) });
      return row;
    });
    const { measurements, skipped, notes } = await readBack(rows);
    expect(skipped).toEqual([]);
    expect(notes).toEqual([]);
    expect(measurements.map((one) => ({ ...one, measured: { ...one.measured } }))).toEqual(
      rows.map((row) => ({
        pointId: row.point_id,
        sourceId: row.source_id ?? 'unknown',
        model: row.model,
        gpu: row.gpu,
        gpuCount: row.gpu_count,
        tensorParallel: row.tp,
        pipelineParallel: row.pp,
        expertParallel: row.ep,
        dataParallel: row.dp,
        engine: String(row.engine).toLowerCase(),
        engineVersion: row.engine_version,
        engineGeneration: null,
        weightDtype: row.weight_dtype,
        kvDtype: row.kv_dtype,
        kind: row.workload_kind,
        inputTokens: row.isl,
        outputTokens: row.osl,
        inputTokensNominal: null,
        outputTokensNominal: null,
        batchOrConcurrency: row.batch_or_concurrency,
        requestRatePerS: row.request_rate_rps,
        numPrompts: row.num_prompts,
        arrival: row.arrival,
        prefixTokens: row.prefix_tokens,
        coldRequests: row.cold_requests,
        maxNumSeqs: row.max_num_seqs,
        maxNumBatchedTokens: null,
        gpuMemoryUtilization: null,
        regime: row.regime,
        measured: Object.fromEntries(
          RESULT_COLUMNS.flatMap((column) => {
            const value = row[column as keyof MeasurementRow];
            return value === null ? [] : [[column, value]];
          }),
        ),
      })),
    );
  });

  it('neutralizes what a spreadsheet would run, and leaves numbers alone', () => {
    const csv = measurementCsv([
      { ...emptyMeasurementRow(), ...NEEDED, point_id: '=cmd()', notes: '@x', ttft_ms_mean: 1e-7 },
    ]);
    expect(csv).toContain("'=cmd()");
    expect(csv).toContain(",'@x");
    expect(csv).toContain(',1e-7,');
  });

  it('has the column of cold requests only where a row has them, and is a header without rows', () => {
    const row = { ...emptyMeasurementRow(), ...NEEDED };
    expect(measurementCsv([row])).not.toContain('cold_requests');
    expect(measurementCsv([row, { ...row, cold_requests: 45 }]).split('\n')[0]).toContain(
      'prefix_tokens,cold_requests,max_num_seqs',
    );
    expect(measurementCsv([]).split('\n')).toHaveLength(2);
  });
});

describe('neutralized texts', () => {
  it.each(['=1', "'=1", "''@", '-x', 'plain', "'quoted'", "'", '', '＝x', '+49', '\tx'])('%j is had back', (text) => {
    expect(unneutralized(neutralized(text))).toBe(text);
    expect(neutralized(text)).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
  });
});
