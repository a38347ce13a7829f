import { describe, expect, test } from 'vitest';
import { measuredColumn, sortedColumns } from '../../../../src-renderer/format/measured-columns.ts';
import { formatError, formatSize } from '../../../../src-worker/protocol/numbers.ts';
import { engineWords } from '../../../../src-renderer/format/names.ts';
import { accuracyVerdict, skippedSentence } from '../../../../src-renderer/screens/accuracy/accuracy-verdict.ts';
import { errorPercent, isInRange, summarize } from '../../../../src-renderer/screens/accuracy/error-summary.ts';
import { pointsCsv } from '../../../../src-renderer/screens/accuracy/export-points.ts';
import {
  caseName,
  filterChoices,
  filteredPoints,
  fullestColumn,
  judgedColumns,
  leadingColumns,
  mainColumn,
  readShownPoints,
  rowsOf,
  shortCaseName,
  whyOfMiss,
} from '../../../../src-renderer/screens/accuracy/shown-points.ts';
import { accuracyDocument, accuracyPoint, POINTS } from '../../fixtures/accuracy.ts';

const document = accuracyDocument();
const everything = readShownPoints(null);

describe('errors', () => {
  test('are percent of the measured value, above zero where too much is predicted', () => {
    expect(errorPercent({ measured: 20, predicted: 25, lo: null, hi: null })).toBe(25);
    expect(errorPercent({ measured: 20, predicted: 10, lo: null, hi: null })).toBe(-50);
  });

  test('a range holds what lies in it, ends included; without one nothing is said', () => {
    expect(isInRange({ measured: 20, predicted: 25, lo: 20, hi: 30 })).toBe(true);
    expect(isInRange({ measured: 31, predicted: 25, lo: 20, hi: 30 })).toBe(false);
    expect(isInRange({ measured: 31, predicted: 25, lo: null, hi: null })).toBeNull();
  });

  test('the summary by hand: 10, -5, -50 and +100 %', () => {
    const { count, interval_coverage, ...figures } = summarize(POINTS, 'tpot_ms_mean');
    expect(count).toBe(4);
    // 10/11 and 20/19 lie within a factor of 1.3, 4/2 and 30/60 do not.
    expect(interval_coverage).toBe(0.5);
    // Sizes 5, 10, 50, 100: the median between 10 and 50; P90 at place 2.7; signed -50, -5, 10, 100.
    expect(figures.median_absolute_percent).toBeCloseTo(30, 9);
    expect(figures.mean_absolute_percent).toBeCloseTo(41.25, 9);
    expect(figures.p90_absolute_percent).toBeCloseTo(85, 9);
    expect(figures.median_signed_percent).toBeCloseTo(2.5, 9);
  });

  test('nothing is summarized as nothing', () => {
    expect(summarize([], 'tpot_ms_mean')).toEqual({
      count: 0,
      median_absolute_percent: null,
      mean_absolute_percent: null,
      p90_absolute_percent: null,
      median_signed_percent: null,
      interval_coverage: null,
    });
  });
});

describe('words', () => {
  test.each([
    ['tpot_ms_mean', 'TPOT mean', 'ms'],
    ['e2e_ms_p99', 'E2E P99', 'ms'],
    ['output_tok_s', 'Output rate', 'tokens/s'],
    ['req_s', 'Request rate', 'requests/s'],
  ])('%s reads %s', (id, label, unit) => {
    expect(measuredColumn(id)).toMatchObject({ label, unit });
  });

  test('columns stand in the order people wait for things', () => {
    const ids = ['req_s', 'e2e_ms_mean', 'tpot_ms_p99', 'ttft_ms_mean', 'tpot_ms_mean', 'odd'];
    expect(sortedColumns(ids)).toEqual(['tpot_ms_mean', 'tpot_ms_p99', 'ttft_ms_mean', 'e2e_ms_mean', 'req_s', 'odd']);
  });

  test.each([
    [6.94, '+6.9', '6.9'],
    [-1.2, '−1.2', '1.2'],
    [21.4, '+21', '21'],
    [0.001, '0.0', '0.0'],
    [null, '–', '–'],
  ])('%s percent', (percent, signed, size) => {
    expect(formatError(percent)).toBe(signed);
    expect(formatSize(percent)).toBe(size);
  });

  test('a case is the model without its owner, and how many of which GPU', () => {
    expect(POINTS.map(caseName)).toEqual([
      'Llama-3.1-8B-Instruct, H100 80GB',
      'Llama-3.1-8B-Instruct, H100 80GB',
      'Qwen2.5-0.5B-Instruct, H100 80GB',
      'DeepSeek-R1, 8 × H200',
      'Llama-3.1-8B-Instruct, A100 80GB',
    ]);
    expect(POINTS.map(shortCaseName)).toEqual([
      'Llama-3.1-8B, H100',
      'Llama-3.1-8B, H100',
      'Qwen2.5-0.5B, H100',
      'DeepSeek-R1, 8 × H200',
      'Llama-3.1-8B, A100',
    ]);
  });

  test('skipped rows in a sentence: how many for how many reasons, or the only one', () => {
    expect(skippedSentence(document)).toBe('3 rows were skipped, for 2 reasons');
    expect(skippedSentence(accuracyDocument({ skipped: [], skipped_reasons: [] }))).toBe('');
    const only = { skipped: document.skipped.slice(0, 1), skipped_reasons: [{ reason: 'No GPU is given.', count: 1 }] };
    expect(skippedSentence(accuracyDocument(only))).toBe('1 row was skipped: no GPU is given.');
  });
});

describe('the verdict', () => {
  test('is of the time per token, with the first token beside it', () => {
    expect(accuracyVerdict(document)).toEqual({
      kind: 'near',
      sentence: 'Half of the TPOT predictions are within 30 %; one in ten is off by more than 85 %',
      why: '5 measurements from 2 sources. None was used to fit the profile it tests. Time to first token is no harder: 10 % median.',
    });
  });

  test.each([
    [5, 19, 'met'],
    [5, 21, 'near'],
    [36, 40, 'none'],
  ])('median %d, P90 %d: %s', (median, p90, kind) => {
    const tpot = { ...document.metrics['tpot_ms_mean']!, median_absolute_percent: median, p90_absolute_percent: p90 };
    expect(accuracyVerdict(accuracyDocument({ metrics: { tpot_ms_mean: tpot } })).kind).toBe(kind);
  });

  test('on the rows a profile was fitted to it is of those alone, and never good', () => {
    const tpot = { ...document.metrics['tpot_ms_mean']!, median_absolute_percent: 6.8, p90_absolute_percent: 15 };
    const verdictOf = (points: number) =>
      accuracyVerdict(accuracyDocument({ basis: 'in_sample', fitted_points: points, metrics: { tpot_ms_mean: tpot } }));
    const fitted = verdictOf(POINTS.length);
    expect(fitted.kind).toBe('near');
    expect(verdictOf(1).kind).toBe('near');
    expect(verdictOf(1).sentence).toMatch(/^Half of the TPOT predictions/);
    expect(fitted.sentence).toBe(
      'On the rows it was fitted to, half of the TPOT predictions are within 6.8 %; one in ten is off by more than 15 %',
    );
  });

  test('without times per token it is of what was measured most; without points it says so', () => {
    const { output_tok_s: rate } = document.metrics;
    expect(accuracyVerdict(accuracyDocument({ metrics: { output_tok_s: rate! } })).sentence).toMatch(
      /^Half of the output rate predictions are/,
    );
    const { tpot_ms_mean: e2e } = document.metrics;
    expect(accuracyVerdict(accuracyDocument({ metrics: { e2e_ms_p99: e2e! } })).sentence).toMatch(
      /^Half of the E2E pre/,
    );
    expect(accuracyVerdict(accuracyDocument({ metrics: {}, points: [] }))).toEqual({
      kind: 'none',
      sentence: 'Nothing can be compared',
      why: 'All 3 rows were skipped, see below.',
    });
  });
});

describe('which points', () => {
  test('columns without a point are not offered; TPOT leads', () => {
    expect(judgedColumns(document)).toEqual(['tpot_ms_mean', 'ttft_ms_mean', 'output_tok_s']);
    expect(mainColumn(document)).toBe('tpot_ms_mean');
    const { ttft_ms_mean: ttft, ...others } = document.metrics;
    const fewer = { ...ttft!, count: 1 };
    expect(
      leadingColumns(accuracyDocument({ metrics: { ...others, ttft_ms_mean: fewer, ttft_ms_p99: ttft! } })),
    ).toEqual(['tpot_ms_mean', 'ttft_ms_p99', 'output_tok_s']);
  });

  test('a tail stands beside the mean where it was measured, P95 or P99, whichever more often', () => {
    const counted = (count: number) => ({ ...document.metrics['tpot_ms_mean']!, count });
    const metrics = {
      e2e_ms_mean: counted(9),
      e2e_ms_p50: counted(8),
      e2e_ms_p95: counted(2),
      e2e_ms_p99: counted(3),
      tpot_ms_mean: counted(9),
      tpot_ms_p90: counted(4),
      req_s: counted(1),
    };
    expect(leadingColumns(accuracyDocument({ metrics }))).toEqual([
      'tpot_ms_mean',
      'e2e_ms_mean',
      'e2e_ms_p99',
      'req_s',
    ]);
  });

  test('the furthest off by factor first: -60 % is a factor of 2.5 and leads +119 %', () => {
    const off = (id: string, predicted: number) =>
      accuracyPoint(id, { columns: { tpot_ms_mean: { measured: 100, predicted, lo: null, hi: null } } });
    const points = [off('exact', 100), off('more', 219), off('less', 40), off('little', 90)];
    expect(rowsOf(points, 'tpot_ms_mean').map(({ id }) => id)).toEqual(['less', 'more', 'little', 'exact']);
    // Half and twice are equally far off; then the id decides.
    expect(rowsOf(POINTS, 'tpot_ms_mean').map(({ id }) => id)).toEqual(['lab-3', 'suite-2', 'lab-1', 'lab-2']);
  });

  test('only a miss has a reason, that of the figure that is shown', () => {
    expect(rowsOf(POINTS, 'tpot_ms_mean').map(whyOfMiss)).toEqual([
      'Most of a step is the host.',
      'The kernels of this format are slow in large batches.',
      '',
      '',
    ]);
    expect(rowsOf(POINTS, 'ttft_ms_mean').map(whyOfMiss)).toEqual(['', '', '']);
  });

  test('filters add up', () => {
    const ids = (shown: object) => filteredPoints(document, { ...everything, ...shown }).map((point) => point.point_id);
    expect(ids({})).toHaveLength(5);
    expect(ids({ source: 'suite' })).toEqual(['suite-1', 'suite-2']);
    expect(ids({ source: 'suite', gpu: 'nvidia-h200' })).toEqual(['suite-1']);
    expect(ids({ engine: 'trtllm', gpu: 'nvidia-a100-80gb' })).toEqual([]);
  });

  test('a choice counts what it would leave, and what it would leave nothing of cannot be chosen', () => {
    const choices = filterChoices(document, { ...everything, source: 'suite' }, 'gpu', null);
    expect(choices).toEqual([
      { value: 'all', label: 'All GPUs' },
      { value: 'nvidia-a100-80gb', label: 'A100 80GB', note: '1' },
      { value: 'nvidia-h100-80gb', label: 'H100 80GB', reason: 'none' },
      { value: 'nvidia-h200', label: 'H200', note: '1' },
    ]);
  });

  test('points count for the column that is shown; those of other columns alone can be chosen and say so', () => {
    expect(filterChoices(document, everything, 'engine', 'tpot_ms_mean')).toEqual([
      { value: 'all', label: 'All engines' },
      { value: 'trtllm', label: 'TensorRT-LLM of 2025 and later', note: 'other metrics' },
      { value: 'vllm-v1-late', label: 'vLLM 0.15 and later', note: '4' },
    ]);
    expect(fullestColumn(filteredPoints(document, { ...everything, engine: 'trtllm' }))).toEqual({
      id: 'output_tok_s',
      count: 1,
    });
    expect(fullestColumn([])).toBeNull();
  });

  test('engines are called as people call them', () => {
    expect(filterChoices(document, everything, 'engine', null).map(({ label }) => label)).toEqual([
      'All engines',
      'TensorRT-LLM of 2025 and later',
      'vLLM 0.15 and later',
    ]);
    expect(engineWords('trtllm NIM 1.0 (TRT-LLM 2024)')).toBe('TensorRT-LLM NIM 1.0 (TRT-LLM 2024)');
    expect(engineWords('vllm')).toBe('vLLM');
  });

  test('a choice that is gone from the document can still be seen and left', () => {
    expect(filterChoices(document, { ...everything, gpu: 'nvidia-l4' }, 'gpu', null)).toContainEqual({
      value: 'nvidia-l4',
      label: 'L4',
      note: '0',
    });
  });

  test('what an older window kept is passed over where it is none', () => {
    expect(readShownPoints({ gpu: 7 })).toEqual(everything);
    expect(readShownPoints({ ...everything, gpu: 'nvidia-l4' }).gpu).toBe('nvidia-l4');
  });
});

describe('export', () => {
  test('one line a point, four cells a column, empty where nothing was measured', () => {
    const [head = '', ...lines] = pointsCsv(POINTS).trim().split('\r\n');
    expect(head.split(',').slice(-4)).toEqual([
      'output_tok_s_measured',
      'output_tok_s_predicted',
      'output_tok_s_lo',
      'output_tok_s_hi',
    ]);
    expect(lines).toHaveLength(5);
    expect(lines[3]).toContain(
      'suite-1,suite,deepseek-ai/DeepSeek-R1,nvidia-h200,8,8,trtllm 1.0.0,trtllm,offline_max,',
    );
    expect(lines[3]).toMatch(/,,,,,,,,,1600,1500,,$/);
  });

  test('what a spreadsheet would take for a formula is text', () => {
    expect(pointsCsv([accuracyPoint('=1+1')])).toContain("'=1+1");
  });
});
