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

/**
 * Reasons with how many rows each cost, most frequent first. Rows whose reasons differ in figures alone count together: the
 * sentence is that of the first of them, and says so.
 */
export function skippedReasons(skipped: readonly SkippedPoint[]): SkippedReason[] {
  const alike = new Map<string, { first: SkippedPoint; count: number; isSame: boolean }>();
  for (const point of skipped) {
    const key = point.reason.replace(FIGURE, '');
    const known = alike.get(key);
    if (!known) alike.set(key, { first: point, count: 1, isSame: true });
    else {
      known.count += 1;
      known.isSame &&= known.first.reason === point.reason;
    }
  }
  return byCount(
    [...alike.values()].map(({ first, count, isSame }) => ({
      reason: `${capitalized(first.reason)}${isSame ? '' : ` (Figures of ${first.point_id}; the others have their own.)`}`,
      count,
    })),
  );
}

const capitalized = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);

/** The most frequent first, each once. */
export function byCount(reasons: readonly SkippedReason[]): SkippedReason[] {
  const counts = new Map<string, number>();
  for (const { reason, count } of reasons) counts.set(reason, (counts.get(reason) ?? 0) + count);
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
}

/** Characters of the reasons that a sentence tells: an error is printed on a few lines. */
const REASON_CHARACTERS = 420;

/** That nothing can be calibrated with, and why: the most frequent reasons with their counts, as many as can be told whole. */
export function noMeasurements(reasons: SkippedReason[], rows: number): ConfigIqError {
  const told: string[] = [];
  let characters = 0;
  for (const { reason, count } of reasons) {
    const words = `${reason.replace(/\.$/, '')} (${count.toLocaleString('en-US')})`;
    characters += words.length;
    if (told.length > 0 && characters > REASON_CHARACTERS) break;
    told.push(words);
  }
  const rest = reasons.length - told.length;
  const more = rest === 0 ? '' : `; and ${rest} more reason${rest === 1 ? '' : 's'}, which validate lists`;
  const why = told.length === 0 ? 'there is none.' : `${told.join('; ')}${more}.`;
  return new ConfigIqError('no_answer', 'no_measurements', `No measurement of these can be used: ${why}`, {
    rows,
    reasons: told.join('; '),
  });
}
