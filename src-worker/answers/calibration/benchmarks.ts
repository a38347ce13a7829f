import type { CalibrationProfile } from '../../engine/calibration/types.ts';
import { ConfigIqError, invalidInput } from '../../engine/errors.ts';
import type { Facts } from '../../engine/facts.ts';
import { analyzeGenerator } from '../../engine/model/analyze.ts';
import type { Model, ModelSource } from '../../engine/model/types.ts';
import { operatorWork, type OperatorWork } from '../../engine/roofline/operator-work.ts';
import { planOf, type StepPlan } from '../../engine/roofline/step-plan.ts';
import { benchmarkMeans } from '../../engine/validation/benchmark-means.ts';
import type { Benchmark, BenchmarkMeans } from '../../engine/validation/benchmark.ts';
import { implausibility } from '../../engine/validation/plausibility.ts';
import { resolveBenchmark } from '../../engine/validation/resolve-benchmark.ts';
import type { SkippedPoint, SkippedReason } from '../../protocol/accuracy.ts';
import type { MeasuredSet } from '../../protocol/calibration.ts';

/** A benchmark that can be predicted, under a profile. */
export interface ReadyBenchmark {
  benchmark: Benchmark;
  work: OperatorWork;
  plan: StepPlan;
  means: BenchmarkMeans;
}

export interface ReadyBenchmarks {
  ready: ReadyBenchmark[];
  skipped: SkippedPoint[];
}

/** The model of a config, or why it has none. */
function modelOf(source: ModelSource | undefined): Model | string | null {
  if (!source) return null;
  try {
    return analyzeGenerator(source);
  } catch (error) {
    if (error instanceof ConfigIqError) return error.message;
    throw error;
  }
}

function readyBenchmark(benchmark: Benchmark, profile: CalibrationProfile): ReadyBenchmark | string {
  const work = operatorWork(benchmark.deployment);
  const plan = planOf(work, profile);
  const means = benchmarkMeans(benchmark, plan, profile);
  const alone = benchmarkMeans({ ...benchmark, kind: 'closed_loop', requests: 1 }, plan, profile);
  return implausibility(benchmark, plan, means, alone.ttftMs) ?? { benchmark, work, plan, means };
}

/** Resolves measurements and predicts their means; what cannot be used is skipped with its reason, never averaged in. */
export function readyBenchmarks(
  { rows, models }: MeasuredSet,
  facts: Facts,
  profile: CalibrationProfile,
): ReadyBenchmarks {
  const known = new Map<string, Model | string | null>();
  const ready: ReadyBenchmark[] = [];
  const skipped: SkippedPoint[] = [];
  for (const row of rows) {
    let model = known.get(row.model);
    if (model === undefined) {
      model = modelOf(Object.hasOwn(models, row.model) ? models[row.model] : undefined);
      known.set(row.model, model);
    }
    if (typeof model === 'string') {
      skipped.push({ point_id: row.pointId, reason: model });
      continue;
    }
    const resolved = resolveBenchmark(row, model, facts, profile);
    const made = resolved.kind === 'ready' ? readyBenchmark(resolved.benchmark, profile) : resolved.reason;
    if (typeof made === 'string') skipped.push({ point_id: row.pointId, reason: made });
    else ready.push(made);
  }
  return { ready, skipped };
}

/** A figure of its own; names have digits too, but begin with letters or stand in quotation marks. */
const FIGURE = /(?<=[\s(])\d[\d.,]*(?:e[+-]?\d+)?(?![\w"])/gi;

/** The sentence without the figures of its row, so that rows with one reason count together. */
export const reasonOf = (sentence: string): string => {
  const same = sentence.replace(FIGURE, '…');
  return same.charAt(0).toUpperCase() + same.slice(1);
};

/** Reasons with how many rows each cost, most frequent first. */
export function skippedReasons(skipped: readonly SkippedPoint[]): SkippedReason[] {
  const counts = new Map<string, number>();
  for (const { reason } of skipped) counts.set(reasonOf(reason), (counts.get(reasonOf(reason)) ?? 0) + 1);
  return byCount([...counts].map(([reason, count]) => ({ reason, count })));
}

export const byCount = (reasons: SkippedReason[]): SkippedReason[] =>
  reasons.toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));

const REASONS_TOLD = 5;

/** That nothing can be calibrated with, and why: the most frequent reasons with their counts. */
export function noMeasurements(reasons: SkippedReason[], rows: number): ConfigIqError {
  const told = reasons.slice(0, REASONS_TOLD).map(({ reason, count }) => `${reason.replace(/\.$/, '')} (${count})`);
  const why = told.length === 0 ? 'there is none.' : `${told.join('; ')}.`;
  return invalidInput('no_measurements', `No measurement of these can be used: ${why}`, {
    rows,
    reasons: told.join('; '),
  });
}
