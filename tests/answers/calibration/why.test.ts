import { describe, expect, test } from 'vitest';
import { answerAccuracy } from '../../../src-worker/answers/calibration/accuracy.ts';
import { operatorWork } from '../../../src-worker/engine/roofline/operator-work.ts';
import { planOf } from '../../../src-worker/engine/roofline/step-plan.ts';
import { predictColumns } from '../../../src-worker/engine/validation/predicted-columns.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import type { AccuracyPoint } from '../../../src-worker/protocol/accuracy.ts';
import { benchmarkOf, rowOf } from '../../engine/validation/rows.ts';
import { calibrationOf, facts, modelSource } from '../../engine/world.ts';
import { LARGE, LLAMA, SMALL } from './measured.ts';

// Why a prediction is off: set-ups whose step is known to be mostly one thing, measured off by a factor.

const EXPERTS = 'Qwen/Qwen3-30B-A3B';
const models = Object.fromEntries([LLAMA, SMALL, LARGE, EXPERTS].map((id) => [id, modelSource(id)]));
const OFF = 1.5;

/** A row whose figures are the prediction times a factor. */
function offBy(factors: Readonly<Record<string, number>>, given: Partial<Measurement>): Measurement {
  const columns = Object.keys(factors);
  const row = rowOf({ ...given, measured: Object.fromEntries(columns.map((column) => [column, 1])) });
  const benchmark = benchmarkOf(row);
  const plan = planOf(operatorWork(benchmark.deployment), calibrationOf());
  const predicted = predictColumns(benchmark, plan, calibrationOf());
  const measured = Object.fromEntries(columns.map((name) => [name, (predicted[name] ?? NaN) * (factors[name] ?? NaN)]));
  return { ...row, measured };
}

function pointOf(row: Measurement): AccuracyPoint {
  const request = {
    rows: [row],
    models,
    calibration: 'default',
    method: 'auto',
    leftOut: null,
    fittedRows: null,
  } as const;
  const { points, skipped } = answerAccuracy(
    { ...request, rows: [row], sourceTitles: {}, doubtful: {}, skipped: [], unreadable: [] },
    facts,
  );
  return points[0] ?? expect.fail(skipped[0]?.reason ?? 'no point');
}

const whyOf = (column: string, given: Partial<Measurement>): string | undefined =>
  pointOf(offBy({ [column]: OFF }, given)).columns[column]?.why;

const share = (words: string | undefined): number => Number(/(\d+) %/.exec(words ?? '')?.[1] ?? NaN);

describe('why a figure was missed', () => {
  test('nothing is said of what was not missed', () => {
    for (const factor of [1, 1.19, 1 / 1.19]) {
      const point = pointOf(offBy({ tpot_ms_mean: factor, ttft_ms_mean: factor }, {}));
      expect(point.why, `${factor}`).toBeNull();
      for (const column of Object.values(point.columns)) expect(column).not.toHaveProperty('why');
    }
    for (const factor of [1.21, 1 / 1.21]) {
      const point = pointOf(offBy({ tpot_ms_mean: factor, ttft_ms_mean: 1 }, {}));
      expect(point.columns['tpot_ms_mean']?.why).toBeTypeOf('string');
      expect(point.columns['ttft_ms_mean']).not.toHaveProperty('why');
      expect(point.why).toBe(point.columns['tpot_ms_mean']?.why);
    }
  });

  test('the point has the reason of its largest miss', () => {
    const given = { batchOrConcurrency: 64, inputTokens: 2000, outputTokens: 200 };
    const point = pointOf(offBy({ ttft_ms_mean: 2, tpot_ms_mean: 1.3 }, given));
    expect(point.columns['ttft_ms_mean']?.why).not.toBe(point.columns['tpot_ms_mean']?.why);
    expect(point.why).toBe(point.columns['ttft_ms_mean']?.why);
  });

  test('a small model alone: the CPU sets the pace of its steps', () => {
    const why = whyOf('tpot_ms_mean', { model: SMALL, batchOrConcurrency: 1 });
    expect(why).toMatch(/^Host-bound: the CPU is \d+ % of a decode step$/);
    expect(share(why)).toBeGreaterThan(50);
  });

  test('a large model alone reads its weights', () => {
    const why = whyOf('tpot_ms_mean', { model: LARGE, tensorParallel: 4, batchOrConcurrency: 1 });
    expect(why).toMatch(/^Projections, \d+ % of a decode step$/);
  });

  test('a static batch of long contexts reads its KV cache', () => {
    const why = whyOf('e2e_ms_mean', {
      kind: 'static_batch',
      batchOrConcurrency: 24,
      inputTokens: 14_000,
      outputTokens: 1500,
    });
    expect(why).toMatch(/^KV read, \d+ % of a decode step$/);
  });

  test('a mixture of experts reads experts', () => {
    const why = whyOf('tpot_ms_mean', { model: EXPERTS, batchOrConcurrency: 64, inputTokens: 200, outputTokens: 400 });
    expect(why).toMatch(/^Experts, \d+ % of a decode step$/);
  });

  test('weights of four bits run by kernels of their own', () => {
    const why = whyOf('tpot_ms_mean', {
      model: LARGE,
      weightDtype: 'w4a16',
      tensorParallel: 2,
      batchOrConcurrency: 8,
    });
    expect(why).toMatch(/^Weight-only kernels, \d+ % of a decode step$/);
  });

  test('many GPUs without a fast link talk', () => {
    const why = whyOf('tpot_ms_mean', {
      gpu: 'nvidia-rtx-4090',
      tensorParallel: 8,
      batchOrConcurrency: 32,
      inputTokens: 100,
      outputTokens: 1000,
    });
    expect(why).toMatch(/^Communication between GPUs, \d+ % of a decode step$/);
  });

  test('clients that start together wait for their first token; the later ones have nothing of it', () => {
    const given = { batchOrConcurrency: 64, inputTokens: 2000, outputTokens: 200 };
    expect(whyOf('ttft_ms_mean', given)).toMatch(/^Clients fall into step: waiting is \d+ % of TTFT$/);
    expect(whyOf('tpot_ms_mean', given)).not.toMatch(/[Cc]lients/);
  });

  test('one client waits for nobody: the prompt itself, or what is done before it', () => {
    const long = whyOf('ttft_ms_mean', { batchOrConcurrency: 1, inputTokens: 12_000, outputTokens: 100 });
    expect(long).toMatch(/^Projections, \d+ % of a prefill step$/);
    const short = whyOf('ttft_ms_mean', { batchOrConcurrency: 1, inputTokens: 16, outputTokens: 100, model: SMALL });
    expect(short).toMatch(/^(Host-bound: the CPU is|Receiving and tokenizing)/);
  });

  test('clients that find no seat wait for one', () => {
    const given = { batchOrConcurrency: 256, maxNumSeqs: 16, inputTokens: 500, outputTokens: 400 };
    expect(whyOf('ttft_ms_mean', given)).toMatch(/^More clients than seats: waiting is \d+ % of TTFT$/);
  });

  test('a tail is told apart from its middle', () => {
    const { columns } = pointOf(offBy({ ttft_ms_mean: 1.05, ttft_ms_p99: 1.6 }, { batchOrConcurrency: 32 }));
    expect(columns['ttft_ms_p99']?.why).toBe('The middle fits, the tail does not');
    const both = pointOf(offBy({ ttft_ms_mean: 1.6, ttft_ms_p99: 1.6 }, { batchOrConcurrency: 32 }));
    expect(both.columns['ttft_ms_p99']?.why).not.toBe('The middle fits, the tail does not');
  });

  test('what was never measured, or not said, comes before any operator', () => {
    expect(whyOf('tpot_ms_mean', { gpu: 'nvidia-gh200-96gb' })).toBe('GPU hardly or never measured');
    expect(whyOf('tpot_ms_mean', { engineVersion: null })).toBe('Engine version not stated');
  });
});
