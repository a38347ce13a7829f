import type { CalibrationProfile } from '../../engine/calibration/types.ts';
import { ConfigIqError } from '../../engine/errors.ts';
import type { Facts } from '../../engine/facts.ts';
import { analyzeGenerator } from '../../engine/model/analyze.ts';
import type { Model } from '../../engine/model/types.ts';
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

/** The model that rows name, or why there is none; null = nobody knows the name. */
function modelOf(name: string, { models, modelProblems = {} }: MeasuredSet): Model | string | null {
  const source = Object.hasOwn(models, name) ? models[name] : undefined;
  if (!source) return Object.hasOwn(modelProblems, name) ? (modelProblems[name] ?? null) : null;
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
  const aloneMs = (): number =>
    benchmarkMeans({ ...benchmark, kind: 'closed_loop', requests: 1 }, plan, profile).ttftMs;
  return implausibility(benchmark, plan, means, aloneMs) ?? { benchmark, work, plan, means };
}

/** Resolves measurements and predicts their means; what cannot be used is skipped with its reason, never averaged in. */
export function readyBenchmarks(measured: MeasuredSet, facts: Facts, profile: CalibrationProfile): ReadyBenchmarks {
  const known = new Map<string, Model | string | null>();
  const ready: ReadyBenchmark[] = [];
  const skipped: SkippedPoint[] = [];
  for (const row of measured.rows) {
    let model = known.get(row.model);
    if (model === undefined) {
      model = modelOf(row.model, measured);
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

/** Reasons with how many rows each cost, most frequent first; figures in which rows of one reason differ are left out. */
export function skippedReasons(skipped: readonly SkippedPoint[]): SkippedReason[] {
  const counts = new Map<string, SkippedReason>();
  for (const { reason } of skipped) {
    const alike = reason.replace(FIGURE, '…');
    const known = counts.get(alike);
    if (!known) counts.set(alike, { reason, count: 1 });
    else counts.set(alike, { reason: known.reason === reason ? reason : alike, count: known.count + 1 });
  }
  return byCount([...counts.values()].map(({ reason, count }) => ({ reason: capitalized(reason), count })));
}

const capitalized = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);

export const byCount = (reasons: SkippedReason[]): SkippedReason[] =>
  reasons.toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));

const REASONS_TOLD = 5;

/** That nothing can be calibrated with, and why: the most frequent reasons with their counts. */
export function noMeasurements(reasons: SkippedReason[], rows: number): ConfigIqError {
  const told = reasons.slice(0, REASONS_TOLD).map(({ reason, count }) => `${reason.replace(/\.$/, '')} (${count})`);
  const why = told.length === 0 ? 'there is none.' : `${told.join('; ')}.`;
  return new ConfigIqError('no_answer', 'no_measurements', `No measurement of these can be used: ${why}`, {
    rows,
    reasons: told.join('; '),
  });
}
