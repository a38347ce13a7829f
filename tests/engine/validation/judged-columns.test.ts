import { describe, expect, test } from 'vitest';
import { headlineOf, judgedColumns, metricOfColumn } from '../../../src-worker/engine/validation/judged-columns.ts';
import {
  LATENCY_COLUMNS,
  RATE_COLUMNS,
  RESULT_COLUMNS,
  type Measurement,
} from '../../../src-worker/engine/validation/types.ts';
import { benchmarkOf } from './rows.ts';

const everything = Object.fromEntries(RESULT_COLUMNS.map((column, i) => [column, 100 + i]));
const columns = (...kinds: string[]): string[] =>
  RESULT_COLUMNS.filter((column) => kinds.some((kind) => column.startsWith(kind)));
const RATES = RATE_COLUMNS;
/** What of TPOT does not tell how long a run was that never settled. */
const MIDDLE_OF_TPOT = ['tpot_ms_mean', 'tpot_ms_p50'];

const judged = (given: Partial<Measurement>): string[] =>
  judgedColumns(
    benchmarkOf({ batchOrConcurrency: 64, requestRatePerS: 1, outputTokens: 2, measured: everything, ...given }),
  );

describe('what of a row is judged (DESIGN.md section 3)', () => {
  test.each<[kind: Measurement['kind'], regime: string | null, expected: string[]]>([
    ['static_batch', null, [...LATENCY_COLUMNS, ...RATES]],
    ['closed_loop', null, [...LATENCY_COLUMNS, ...RATES]],
    ['closed_loop', 'steady', [...LATENCY_COLUMNS, ...RATES]],
    // An open loop that keeps up gives back the rate it was asked with.
    ['open_loop', null, LATENCY_COLUMNS],
    ['open_loop', 'steady', LATENCY_COLUMNS],
    // Over capacity and in transit TTFT, E2E and the tails of TPOT say how long the run was.
    ['open_loop', 'over_capacity', [...MIDDLE_OF_TPOT, ...RATES]],
    ['open_loop', 'transient', [...MIDDLE_OF_TPOT, ...RATES]],
    ['closed_loop', 'transient', [...MIDDLE_OF_TPOT, ...RATES]],
    ['static_batch', 'over_capacity', [...MIDDLE_OF_TPOT, ...RATES]],
  ])('%s, regime %s', (kind, regime, expected) => {
    expect(judged({ kind, regime })).toEqual(expected);
  });

  test('an offline run: neither TTFT nor E2E, whatever its regime', () => {
    const measured = { ...everything, req_s: 1e4, output_tok_s: 2e4 };
    for (const regime of [null, 'steady', 'over_capacity']) {
      const ofTpot = regime === 'over_capacity' ? MIDDLE_OF_TPOT : columns('tpot');
      expect(judged({ kind: 'offline_max', regime, numPrompts: 64, measured })).toEqual([...ofTpot, ...RATES]);
    }
  });

  test('only what was measured', () => {
    expect(judged({ kind: 'closed_loop', measured: { tpot_ms_p50: 12, req_s: 3 } })).toEqual(['tpot_ms_p50', 'req_s']);
  });
});

describe('metric of a column', () => {
  test('is its prefix; rates are throughput', () => {
    for (const column of RESULT_COLUMNS) {
      const expected = RATE_COLUMNS.includes(column) ? 'throughput' : column.split('_')[0];
      expect(metricOfColumn(column)).toBe(expected);
    }
  });
});

describe('figure that stands for a metric', () => {
  const headline = (measured: Record<string, number>, given: Partial<Measurement> = {}) => {
    const b = benchmarkOf({ measured, ...given });
    return (['ttft', 'tpot', 'e2e', 'throughput'] as const).map((metric) => headlineOf(b, metric));
  };

  test('the mean, else the median; never a tail', () => {
    expect(headline({ ttft_ms_mean: 50, ttft_ms_p50: 40, tpot_ms_p50: 12, e2e_ms_p99: 9000 })).toEqual([
      50,
      12,
      null,
      null,
    ]);
  });

  test('output tokens a second, else requests times their output', () => {
    expect(headline({ output_tok_s: 900, req_s: 4 })[3]).toBe(900);
    expect(headline({ req_s: 4 })[3]).toBe(800);
    expect(headline({ total_tok_s: 4000 })[3]).toBeNull();
  });

  test('of a static batch E2E is the throughput', () => {
    const both = { e2e_ms_mean: 2000, output_tok_s: 900 };
    expect(headline(both, { kind: 'static_batch' })).toEqual([null, null, 2000, null]);
    expect(headline({ output_tok_s: 900 }, { kind: 'static_batch' })[3]).toBe(900);
  });

  test('what is not judged has none', () => {
    const all = { ttft_ms_mean: 50, tpot_ms_mean: 12, e2e_ms_mean: 2500, req_s: 4 };
    const open = { kind: 'open_loop', requestRatePerS: 4 } as const;
    expect(headline(all, open)).toEqual([50, 12, 2500, null]);
    expect(headline(all, { ...open, regime: 'over_capacity' })).toEqual([null, 12, null, 800]);
  });
});
