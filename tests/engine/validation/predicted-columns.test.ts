import { describe, expect, test } from 'vitest';
import { benchmarkMeans, isSimulated } from '../../../src-worker/engine/validation/benchmark-means.ts';
import { predictColumns } from '../../../src-worker/engine/validation/predicted-columns.ts';
import { VALIDATION_METHODS, type Measurement } from '../../../src-worker/engine/validation/types.ts';
import { calibrationOf } from '../world.ts';
import { benchmarkOf, planFor } from './rows.ts';

const STATISTICS = ['p50', 'p90', 'p95', 'p99'] as const;

const KINDS: Partial<Measurement>[] = [
  { kind: 'static_batch', batchOrConcurrency: 8 },
  { kind: 'offline_max', batchOrConcurrency: null, numPrompts: 300 },
  { kind: 'closed_loop', batchOrConcurrency: 16, numPrompts: 160 },
  { kind: 'open_loop', requestRatePerS: 4, batchOrConcurrency: null },
  { kind: 'open_loop', requestRatePerS: 4, batchOrConcurrency: null, engineVersion: '0.6.3' },
  { kind: 'open_loop', requestRatePerS: 400, numPrompts: 200, regime: 'over_capacity', batchOrConcurrency: null },
];

const columnsOf = (given: Partial<Measurement>, method: (typeof VALIDATION_METHODS)[number] = 'auto') => {
  const b = benchmarkOf(given);
  const plan = planFor(b);
  return {
    b,
    columns: predictColumns(b, plan, calibrationOf(), { method }),
    means: benchmarkMeans(b, plan, calibrationOf(), method),
  };
};

describe('predicted columns', () => {
  test('percentiles rise, and the rates say the same in three ways', () => {
    for (const given of KINDS) {
      for (const method of VALIDATION_METHODS) {
        const { b, columns } = columnsOf(given, method);
        for (const metric of ['ttft', 'tpot', 'e2e']) {
          const known = STATISTICS.map((statistic) => columns[`${metric}_ms_${statistic}`]).filter(
            (value) => value !== undefined,
          );
          known.slice(1).forEach((value, i) => expect(value).toBeGreaterThanOrEqual((known[i] as number) * (1 - 1e-9)));
        }
        const requests = columns['req_s'] as number;
        expect(columns['output_tok_s']).toBeCloseTo(requests * b.outputTokens, 6);
        expect(columns['total_tok_s']).toBeCloseTo(requests * (b.outputTokens + b.promptTokens), 6);
      }
    }
  });

  test('means are those of the benchmark, whatever gives the percentiles their shape', () => {
    for (const given of KINDS.filter(({ kind }) => kind !== 'open_loop')) {
      const { columns, means } = columnsOf(given);
      expect(columns['ttft_ms_mean']).toBeCloseTo(means.ttftMs, 9);
      expect(columns['tpot_ms_mean']).toBeCloseTo(means.tpotMs, 9);
      expect(columns['e2e_ms_mean']).toBeCloseTo(means.e2eMs, 9);
    }
  });

  test('an answer of one token has no time per further token', () => {
    for (const given of KINDS) {
      const { columns } = columnsOf({ ...given, outputTokens: 1 });
      expect(Object.keys(columns).filter((column) => column.startsWith('tpot'))).toEqual([]);
    }
  });

  test('a static batch is the same for all its requests', () => {
    const { columns } = columnsOf(KINDS[0] as Partial<Measurement>);
    for (const metric of ['ttft', 'tpot', 'e2e'])
      for (const statistic of STATISTICS)
        expect(columns[`${metric}_ms_${statistic}`]).toBe(columns[`${metric}_ms_mean`]);
  });
});

describe('what is simulated', () => {
  test('open loops of so many requests, whatever their regime, and offline runs asked for their TTFT', () => {
    const of = (given: Partial<Measurement>) => isSimulated(benchmarkOf(given));
    const open = { kind: 'open_loop', requestRatePerS: 50, numPrompts: 100 } as const;
    expect(of({ ...open, regime: 'over_capacity' })).toBe(true);
    expect(of({ ...open, regime: 'transient' })).toBe(true);
    expect(of({ ...open, regime: 'steady' })).toBe(true);
    expect(of(open)).toBe(true);
    // Without a number of requests there is no run to simulate.
    expect(of({ ...open, numPrompts: null, regime: 'over_capacity' })).toBe(false);
    const offline = { kind: 'offline_max', numPrompts: 300, batchOrConcurrency: null } as const;
    expect(of({ ...offline, measured: { output_tok_s: 100 } })).toBe(false);
    expect(of({ ...offline, measured: { output_tok_s: 1e5, ttft_ms_mean: 5000 } })).toBe(true);
  });

  test('a method forces or forbids it; a static batch has no run', () => {
    for (const given of KINDS) {
      const b = benchmarkOf(given);
      expect(isSimulated(b, 'batching')).toBe(false);
      expect(isSimulated(b, 'simulation')).toBe(b.kind !== 'static_batch');
    }
  });

  test('a closed loop that is simulated comes out near its closed form', () => {
    for (const batchOrConcurrency of [1, 8, 32]) {
      const given = { kind: 'closed_loop', batchOrConcurrency, numPrompts: 20 * batchOrConcurrency } as const;
      const b = benchmarkOf(given);
      // Without the steps that are handed out ahead: who comes back too late for one falls out of step with the others.
      const plan = { ...planFor(b), firstTokenWaitSteps: 0.5 };
      const means = (method: 'simulation' | 'batching') => benchmarkMeans(b, plan, calibrationOf(), method);
      const [run, closed] = [means('simulation'), means('batching')];
      // Clients in step share the steps of their prompts, so that these hold up fewer tokens than spread ones would.
      expect(run.tpotMs / closed.tpotMs).toBeGreaterThan(0.88);
      expect(run.tpotMs / closed.tpotMs).toBeLessThan(1.02);
      expect(run.requestsPerMs / closed.requestsPerMs).toBeGreaterThan(0.9);
      expect(run.requestsPerMs / closed.requestsPerMs).toBeLessThan(1.1);
    }
  });
});
