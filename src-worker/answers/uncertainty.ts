import type { LatencyPercentiles } from '../engine/batching/spread.ts';
import {
  LATENCY_METRICS,
  UNCERTAIN_METRICS,
  UNCERTAIN_PERCENTILES,
  type CalibrationProfile,
  type LatencyMetric,
  type Novelty,
  type ResidualSpread,
  type UncertainMetric,
  type UncertainPercentile,
  type UncertainTrait,
} from '../engine/calibration/types.ts';
import type { TrustKind } from '../engine/batching/trust.ts';
import type { Gpu } from '../engine/hardware/types.ts';
import { engineName } from '../engine/memory/engine-name.ts';
import type { EngineDefaults } from '../engine/memory/types.ts';
import type { Model } from '../engine/model/types.ts';
import { bothFactors, closedFormErrors, type ClosedFormErrors } from '../engine/uncertainty/closed-form-errors.ts';
import {
  factor80,
  isSeldomMeasured,
  orderedRanges,
  percentileMultiplier,
  rangeOf,
  sigmaOf,
  type StatisticRange,
} from '../engine/uncertainty/factor.ts';
import { measuredRows, spreadQuestionOf, traitsOf, type MeasuredRows } from '../engine/uncertainty/novelty.ts';
import type { IntervalBasis, IntervalDocument, IntervalRange } from '../protocol/documents.ts';
import { plural } from '../protocol/numbers.ts';
import { rounded } from '../protocol/rounded.ts';

/** How sure the figures of one deployment under one load are. */
export interface Uncertainty {
  factors: Record<UncertainMetric, number>;
  percentiles: NonNullable<ResidualSpread['percentiles']>;
  /** How far the closed form itself is off where it is not trusted. */
  closedForm: ClosedFormErrors | null;
  /** Standard deviations of ln(measured / predicted), of the percentile that gates, by which capacity and cost are moved (decision 24). */
  stepSigma: number;
  firstTokenSigma: number;
  commonShares: ResidualSpread['commonShares'];
  basis: IntervalBasis;
}

export interface UncertainDeployment {
  calibration: CalibrationProfile;
  gpu: Pick<Gpu, 'id' | 'name'>;
  engine: EngineDefaults;
  model: Model;
  isWeightOnly: boolean;
  method: string;
  decodeParts: Record<string, number>;
  /** null where nothing arrives. */
  utilization: number | null;
  /** A fixed number of users who wait for their answers. */
  isClosedLoop?: boolean;
  /** Of the closed form that made the figures; absent = none did. */
  trust?: TrustKind;
}

/** The middle one of the percentiles that gate (P50, P95, P99): what moves capacity is as unsure as it. */
const GATING_PERCENTILE = 'p95';

/** The one method whose errors are known, and the other one that times steps as it does. */
const MEASURED_METHOD = 'batching';
const SAME_STEPS_METHOD = 'simulation';

/** Why there is no range, whatever the figures; null where there can be one. */
export function noRangeReason({
  calibration,
  method,
}: Pick<UncertainDeployment, 'calibration' | 'method'>): string | null {
  if (!calibration.residuals) {
    return `Calibration profile "${calibration.name}" was not held against measurements, so how far it is off is not known.`;
  }
  if (method !== MEASURED_METHOD && method !== SAME_STEPS_METHOD) {
    return `How far predictions are off is known of method ${MEASURED_METHOD}; ${method} was not held against measurements.`;
  }
  return null;
}

/** null where `noRangeReason` says why. */
export function uncertaintyOf(about: UncertainDeployment): Uncertainty | null {
  const { calibration, gpu, engine, model } = about;
  const { residuals } = calibration;
  if (!residuals || noRangeReason(about) !== null) return null;
  const questioned = { gpuId: gpu.id, generation: engine.generation, architecture: model.architecture };
  const rows = measuredRows(calibration, questioned);
  const traits = traitsOf({ ...about, isMixtureOfExperts: model.layers.some(({ ffn }) => ffn.experts !== null) });
  const question = spreadQuestionOf(calibration, questioned, traits);
  const { novelties } = question;
  const factors = Object.fromEntries(
    UNCERTAIN_METRICS.map((metric) => [metric, factor80(residuals, metric, question)]),
    // fromEntries forgets the keys, which are all of UncertainMetric.
  ) as Record<UncertainMetric, number>;
  // What a load near saturation makes of an error of the step is worked out, so the step itself does not have it.
  const ofStep = { ...question, traits: traits.filter((trait) => trait !== 'near_capacity') };
  const gateSigma = (metric: 'tpot' | 'ttft'): number =>
    sigmaOf(factor80(residuals, metric, ofStep)) * percentileMultiplier(residuals, metric, GATING_PERCENTILE);
  const stepSigma = gateSigma('tpot');
  const ttftSigma = gateSigma('ttft');
  const widening = traits.filter((trait) =>
    UNCERTAIN_METRICS.some((metric) => (residuals.traits[metric][trait] ?? 1) > 1),
  );
  const closedForm = closedFormErrors(about.trust ?? null);
  const ofOthers = { ...question, leastFactors: {} };
  const isWidenedByOwn = UNCERTAIN_METRICS.some((metric) => factors[metric] > factor80(residuals, metric, ofOthers));
  return {
    factors,
    percentiles: residuals.percentiles ?? {},
    closedForm,
    stepSigma,
    firstTokenSigma: Math.sqrt(Math.max(0, ttftSigma ** 2 - stepSigma ** 2)),
    commonShares: residuals.commonShares,
    basis: {
      novelty: [...novelties],
      traits,
      factors: Object.fromEntries(
        UNCERTAIN_METRICS.map((metric) => [metric, rounded(factors[metric])]),
      ) as IntervalBasis['factors'],
      sentence: [
        noveltySentence(about, novelties, rows),
        ...(isSeldomMeasured(question)
          ? [`Few measurements are of ${engineName(engine)}: that widens the range.`]
          : []),
        ...widening.map((trait) => TRAIT_SENTENCES[trait]),
        ...(isWidenedByOwn ? [OWN_ERRORS_SENTENCE] : []),
        ...(closedForm ? [CLOSED_FORM_SENTENCE] : []),
        'About four in five measured values lay within such a range of the prediction.',
      ].join(' '),
    },
  };
}

const TRAIT_SENTENCES: Record<UncertainTrait, string> = {
  mixture_of_experts: 'Mixtures of experts scatter more, which widens it.',
  weight_only: 'Weight-only kernels scatter more, which widens it.',
  host_bound: 'The host rather than the GPU sets the pace here, and hosts differ: that widens it.',
  near_capacity: 'Near saturation small errors grow into large ones: that widens it.',
  closed_loop: 'Users who ask again as soon as they have their answer fall into step, which widens it.',
};

/** GPU, engine and architecture. */
const PARTS = 3;

const OWN_ERRORS_SENTENCE =
  'The profile is further off on measurements of this very set-up that it was moved to, which widens it.';

const CLOSED_FORM_SENTENCE = 'The closed form is itself less sure under this load (trust), which widens it.';

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;

/** What was measured before, for somebody who has never heard of residuals. */
function noveltySentence(
  { gpu, engine, model }: UncertainDeployment,
  novelties: readonly Novelty[],
  rows: MeasuredRows,
): string {
  const parts: { name: string; unseen: Novelty; own: number }[] = [
    { name: gpu.name, unseen: 'gpu_unseen', own: rows.gpu },
    { name: engineName(engine), unseen: 'engine_unseen', own: rows.generation },
    { name: model.architecture, unseen: 'model_unseen', own: rows.architecture },
  ];
  const all = listed(parts.map(({ name }) => name));
  if (novelties.includes('group_seen')) return `${measurementsAre(rows.group)} of ${all} together.`;
  const unseen = parts.filter((part) => novelties.includes(part.unseen));
  const never = unseen.filter(({ own }) => own === 0).map(({ name }) => name);
  const seen = parts.filter((part) => !novelties.includes(part.unseen)).map(({ name }) => name);
  const seldom = unseen.flatMap(({ name, own }) =>
    own === 0 ? [] : [`Only ${measurementsAre(own)} of ${name}: too few to tell how far off others are.`],
  );
  return [...seldom, ...restSentences({ never, seen, all, together: rows.group })].join(' ');
}

/** `1 measurement is`, `3 measurements are`. */
export const measurementsAre = (rows: number): string => `${plural(rows, 'measurement')} ${rows === 1 ? 'is' : 'are'}`;
const wereOf = (names: readonly string[]): string => (names.length === 1 ? 'was' : 'were');

function restSentences({
  never,
  seen,
  all,
  together,
}: Record<'never' | 'seen', string[]> & { all: string; together: number }): string[] {
  if (never.length === 1 && seen.length === 0) return [`${listed(never)} was never measured.`];
  if (never.length > 0 && seen.length === 0) return [`Neither ${never.join(' nor ')} was ever measured.`];
  if (never.length > 0)
    return [`${listed(never)} ${wereOf(never)} never measured; ${listed(seen)} ${wereOf(seen)}, with others.`];
  if (seen.length < PARTS) return seen.length === 0 ? [] : [`${listed(seen)} ${wereOf(seen)} measured with others.`];
  return [
    `${all} were each measured, ${together === 0 ? 'but not together' : `together only in ${plural(together, 'measurement')}`}.`,
  ];
}

const roundedRange = ([low, high]: [low: number, high: number]): IntervalRange => [rounded(low), rounded(high)];

/** Ranges of all latencies that there are; `tpotMs` is null where an answer has one token. */
export function latencyRanges(
  {
    ttftMs,
    tpotMs,
    e2eMs,
  }: { ttftMs: LatencyPercentiles; tpotMs: LatencyPercentiles | null; e2eMs: LatencyPercentiles },
  { factors, percentiles, closedForm }: Uncertainty,
  stepFloorMs: number,
): IntervalDocument {
  const interval: IntervalDocument = {};
  const latencies: Record<LatencyMetric, LatencyPercentiles | null> = { ttft: ttftMs, tpot: tpotMs, e2e: e2eMs };
  for (const metric of LATENCY_METRICS) {
    const latency = latencies[metric];
    if (latency === null) continue;
    const rangeOfStatistic = (ms: number, widened: number, ofClosedForm: number): StatisticRange => {
      const [low, high] = rangeOf(ms, bothFactors(factors[metric] ** widened, ofClosedForm), stepFloorMs);
      return { value: ms, low, high };
    };
    const errors = closedForm?.[metric];
    const mean = rangeOfStatistic(latency.mean, 1, errors?.p50 ?? 1);
    const own = UNCERTAIN_PERCENTILES.map((name) =>
      rangeOfStatistic(
        latency[name],
        percentileMultiplier({ percentiles }, metric, name),
        errors?.[name === 'p90' ? 'p95' : name] ?? 1,
      ),
    );
    interval[`${metric}_ms_mean`] = roundedRange([mean.low, mean.high]);
    orderedRanges(mean, own).forEach(({ low, high }, i) => {
      interval[`${metric}_ms_${UNCERTAIN_PERCENTILES[i] as UncertainPercentile}`] = roundedRange([low, high]);
    });
  }
  return interval;
}

/** Ranges of the rates that a deployment reaches by itself: where the load is given, they are no prediction. */
export function throughputRanges(
  rates: { requests_per_s: number | null; output_tokens_per_s: number | null; total_tokens_per_s: number | null },
  { factors }: Uncertainty,
): IntervalDocument {
  const interval: IntervalDocument = {};
  for (const key of ['requests_per_s', 'output_tokens_per_s', 'total_tokens_per_s'] as const) {
    const value = rates[key];
    if (value !== null) interval[key] = roundedRange(rangeOf(value, factors.throughput));
  }
  return interval;
}
