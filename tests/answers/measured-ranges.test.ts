import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readMeasurements } from '../../src-main/measurements/read.ts';
import { requestsPerClient, type Benchmark } from '../../src-worker/engine/validation/benchmark.ts';
import { predictColumns } from '../../src-worker/engine/validation/predicted-columns.ts';
import { resolveBenchmark } from '../../src-worker/engine/validation/resolve-benchmark.ts';
import type { WorkloadKind } from '../../src-worker/engine/validation/types.ts';
import { DRAWN_CV } from '../../src-worker/engine/workload/drawn-lengths.ts';
import type { PredictDocument } from '../../src-worker/protocol/documents.ts';
import type { PredictInputDraft } from '../../src-worker/protocol/requests.ts';
import { knownModel } from '../engine/roofline/random-deployments.ts';
import { planFor } from '../engine/validation/rows.ts';
import { calibrationOf, catalogsFolder, facts } from '../engine/world.ts';
import { predict } from './ask.ts';

/** Bundled closed and open loops, spread over their files. */
const EVERY: Partial<Record<WorkloadKind, { file: string; nth: number }>> = {
  closed_loop: { file: 'aiconfigurator_silicon', nth: 7 },
  open_loop: { file: 'blis_training_runs', nth: 1 },
};
const NEARLY_SATURATED = 0.9;
const METRICS = ['ttft', 'tpot'] as const;

interface Asked {
  benchmark: Benchmark;
  answer: PredictDocument;
}

/** The question that `predict` would be asked to foretell a benchmark. */
function questionOf(b: Benchmark): PredictInputDraft | null {
  const engine = facts.engines.find(({ generation }) => generation === b.generation);
  if (!engine || engine.engine !== 'vllm' || b.streams > 1 || b.requests < 2) return null;
  return {
    model: b.row.model,
    gpu: b.row.gpu,
    tp: b.deployment.tensorParallel,
    ep: b.deployment.expertParallel,
    quantization: b.deployment.precision,
    kv_cache_dtype: b.deployment.kvBytesPerElement === 1 ? 'fp8' : 'auto',
    input_tokens: b.promptTokens,
    output_tokens: b.outputTokens,
    ...(b.hasDrawnLengths && { input_cv: DRAWN_CV, output_cv: DRAWN_CV }),
    prefix_tokens: b.cachedTokens,
    max_num_seqs: b.maxNumSeqs,
    max_num_batched_tokens: b.maxNumBatchedTokens,
    engine: `vllm@${engine.version}`,
    ...(b.kind === 'closed_loop'
      ? { concurrency: b.requests, num_prompts: Math.round(b.requests * requestsPerClient(b)) }
      : { rate: b.ratePerMs * 1000, arrival: b.scvArrival === 0 ? 'constant' : 'poisson' }),
  };
}

async function askedOf(kind: WorkloadKind): Promise<Asked[]> {
  const { file, nth } = EVERY[kind] ?? expect.fail(`no rows of ${kind}`);
  const { measurements } = await readMeasurements(join(catalogsFolder, `measurements/${file}.csv`));
  const rows = measurements.filter(({ kind: own, measured, regime }) => {
    const isSteady = regime !== 'over_capacity' && regime !== 'transient';
    return own === kind && isSteady && measured['ttft_ms_mean'] !== undefined;
  });
  const asked: Asked[] = [];
  for (const row of rows.filter((_, i) => i % nth === 0)) {
    const resolved = resolveBenchmark(row, knownModel(row.model), facts, calibrationOf());
    if (resolved.kind === 'skipped') continue;
    const question = questionOf(resolved.benchmark);
    if (question) asked.push({ benchmark: resolved.benchmark, answer: predict(question) });
  }
  return asked;
}

/** Share of the measured means of a metric that lie within the range of their prediction. */
function heldShare(asked: readonly Asked[], metric: (typeof METRICS)[number]): number {
  const held = asked.flatMap(({ benchmark, answer }) => {
    const measured = benchmark.row.measured[`${metric}_ms_mean`];
    const range = answer.interval?.[`${metric}_ms_mean`];
    if (measured === undefined || !range) return [];
    const [low, high] = range;
    return [measured >= low && measured <= (high ?? Infinity)];
  });
  expect(held.length).toBeGreaterThan(10);
  return held.filter(Boolean).length / held.length;
}

describe.each(['closed_loop', 'open_loop'] as const)('predict, asked what was measured in a %s', (kind) => {
  let asked: Asked[] = [];
  beforeAll(async () => {
    asked = await askedOf(kind);
  });

  // Four in five is what a range promises of rows that no fit has seen; these rows were seen.
  it.each(METRICS)('has most measured %s within its range', (metric) => {
    expect(heldShare(asked, metric)).toBeGreaterThanOrEqual(0.75);
  });

  it('says what the prediction of the benchmark says', () => {
    let compared = 0;
    const off = asked.flatMap(({ benchmark, answer }) => {
      const { utilization, memory } = answer;
      // Near saturation small differences feed back into themselves. Where a row says that its server held more requests than
      // the memory as it is worked out, only the benchmark knows.
      const inFlight = kind === 'closed_loop' ? benchmark.requests : 0;
      const tokens = inFlight * (benchmark.promptTokens + benchmark.outputTokens);
      if ((utilization ?? 1) > NEARLY_SATURATED || tokens > memory.kv_cache_tokens) return [];
      compared += 1;
      const columns = predictColumns(benchmark, planFor(benchmark), calibrationOf());
      return METRICS.flatMap((metric) => {
        const ratio = (answer[`${metric}_ms`].mean ?? NaN) / (columns[`${metric}_ms_mean`] ?? NaN);
        return Math.abs(ratio - 1) < 0.06
          ? []
          : [`${benchmark.row.pointId}: ${metric} ${ratio.toFixed(3)} of the benchmark's`];
      });
    });
    expect(compared).toBeGreaterThan(10);
    expect(off).toEqual([]);
  });
});
