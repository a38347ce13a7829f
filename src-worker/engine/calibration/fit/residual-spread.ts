import { sampleQuantile } from '../../numerics/sample.ts';
import {
  LATENCY_METRICS,
  NOVELTIES,
  UNCERTAIN_METRICS,
  UNCERTAIN_PERCENTILES,
  UNCERTAIN_TRAITS,
  type LatencyMetric,
  type Novelty,
  type ResidualSpread,
  type UncertainMetric,
  type UncertainPercentile,
  type UncertainTrait,
} from '../types.ts';

/** A figure that was predicted by a fit which had not seen it. */
export interface LeftOutFigure {
  /** Measurement it is of: one may have been left out in several ways. */
  point: string;
  /** Measurements that are left out together: what is special about a set-up is common to them. */
  group: string;
  metric: UncertainMetric;
  /** ln(predicted / measured). */
  logError: number;
  /** As the fit saw it. */
  novelties: readonly Novelty[];
  traits: readonly UncertainTrait[];
  /** Figures of one set-up: model, engine generation and source; and of one GPU beside. */
  question: string;
  gpu: string;
}

/** Four in five measured values are to lie in an interval, and one in a hundred to spare for what was never measured. */
const COVERED = 0.81;
/** Fewer measurements, or groups of them, say nothing of their own. */
const FEWEST = { points: 20, groups: 5 };
/** A trait never narrows an interval: that few set-ups with it came out well does not make the next one surer. */
const TRAIT_LIMITS = { least: 1, most: 2.5 };
/** The same of percentiles. */
const PERCENTILE_LIMITS = { least: 1, most: 4 };
/** What ln(factor) of a known engine is at least multiplied by for an unknown one (FIDELITY.md section 7). */
const UNSEEN_ENGINE = 1.3;

const saysEnough = (figures: readonly Pick<LeftOutFigure, 'point' | 'group'>[]): boolean =>
  new Set(figures.map(({ point }) => point)).size >= FEWEST.points &&
  new Set(figures.map(({ group }) => group)).size >= FEWEST.groups;

const SPLIT_ROUNDS = 4;

/** The class a figure speaks for: the one thing that was new about it. */
function classOf({ novelties }: LeftOutFigure): Novelty | null {
  const [first, second, third] = novelties;
  if (third !== undefined || first === undefined) return null;
  return second ?? first;
}

const absolute = (figures: readonly LeftOutFigure[], scaleOf: (figure: LeftOutFigure) => number): number[] =>
  figures.map((figure) => Math.abs(figure.logError) / scaleOf(figure));

const clamp = (value: number, { least, most }: { least: number; most: number }): number =>
  Math.min(most, Math.max(least, value));

/**
 * How much each trait widens the spread: the factors by which figures with the trait scatter more than those without, found
 * one after the other with the others divided out.
 */
function traitFactors(figures: readonly LeftOutFigure[]): Partial<Record<UncertainTrait, number>> {
  const factors = new Map<UncertainTrait, number>();
  for (let round = 0; round < SPLIT_ROUNDS; round += 1) {
    for (const trait of UNCERTAIN_TRAITS) {
      const scaleOf = ({ traits }: LeftOutFigure): number =>
        traits.reduce((product, other) => (other === trait ? product : product * (factors.get(other) ?? 1)), 1);
      const having = figures.filter(({ traits }) => traits.includes(trait));
      const lacking = figures.filter(({ traits }) => !traits.includes(trait));
      if (!saysEnough(having) || !saysEnough(lacking)) continue;
      const spreadOf = (some: readonly LeftOutFigure[]): number => sampleQuantile(absolute(some, scaleOf), COVERED);
      factors.set(trait, clamp(spreadOf(having) / spreadOf(lacking), TRAIT_LIMITS));
    }
  }
  return Object.fromEntries(factors);
}

const variance = (values: readonly number[]): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
};

/** Mean product of the errors of two different figures of a kind, over all kinds: the variance they have in common. */
function commonVariance(
  figures: readonly LeftOutFigure[],
  kindOf: (figure: LeftOutFigure) => string,
  otherOf: (figure: LeftOutFigure) => string,
): number {
  const kinds = new Map<string, Map<string, number[]>>();
  for (const figure of figures) {
    const others = kinds.get(kindOf(figure)) ?? new Map<string, number[]>();
    kinds.set(kindOf(figure), others);
    const list = others.get(otherOf(figure)) ?? [];
    others.set(otherOf(figure), list);
    list.push(figure.logError);
  }
  let sum = 0;
  let pairs = 0;
  for (const others of kinds.values()) {
    const means = [...others.values()].map(
      (errors) => errors.reduce((total, error) => total + error, 0) / errors.length,
    );
    for (let i = 0; i < means.length; i += 1) {
      for (let j = i + 1; j < means.length; j += 1) {
        sum += (means[i] as number) * (means[j] as number);
        pairs += 1;
      }
    }
  }
  return pairs > 0 ? Math.max(0, sum / pairs) : 0;
}

/** Shares of the variance that candidates of a question have in common: one model and engine on several GPUs, and on one GPU. */
function commonShares(figures: readonly LeftOutFigure[]): { question: number; gpu: number } {
  const own = (figure: LeftOutFigure): string => `${figure.question}|${figure.gpu}`;
  const total = variance(figures.map(({ logError }) => logError));
  if (!saysEnough(figures) || total === 0) return { question: 0, gpu: 0 };
  const question = Math.min(1, commonVariance(figures, (f) => f.question, own) / total);
  const gpu = Math.min(1 - question, commonVariance(figures, (f) => f.gpu, own) / total);
  return { question, gpu };
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** ln of the 80 % factor of a class; null where too few figures speak for it. */
function classSpread(
  figures: readonly LeftOutFigure[],
  traits: Partial<Record<UncertainTrait, number>>,
): number | null {
  if (!saysEnough(figures)) return null;
  const scaleOf = (figure: LeftOutFigure): number =>
    figure.traits.reduce((product, trait) => product * (traits[trait] ?? 1), 1);
  return sampleQuantile(absolute(figures, scaleOf), COVERED);
}

/**
 * The spread where no class has enough figures: of all figures there are. A metric with a handful of its own is no surer
 * than the others together.
 */
function overallSpread(
  figures: readonly LeftOutFigure[],
  traits: Partial<Record<UncertainTrait, number>>,
  ofAllMetrics: readonly LeftOutFigure[],
): number {
  const own = classSpread(figures, traits);
  if (own !== null) return own;
  const quantileOf = (some: readonly LeftOutFigure[]): number =>
    some.length > 0
      ? sampleQuantile(
          absolute(some, () => 1),
          COVERED,
        )
      : 0;
  return Math.max(quantileOf(figures), quantileOf(ofAllMetrics));
}

/** The spread of one metric: what is new never makes a prediction surer. */
function spreadOf(figures: readonly LeftOutFigure[], ofAllMetrics: readonly LeftOutFigure[]) {
  // A fit that has seen the model elsewhere has taken in what its errors have in common: those of unseen models show it.
  const unseenModels = figures.filter(({ novelties }) => novelties.includes('model_unseen'));
  const traits = traitFactors(figures.filter((figure) => classOf(figure) !== null));
  const logOf = (...novelties: Novelty[]): number | null =>
    classSpread(
      figures.filter((figure) => novelties.includes(classOf(figure) as Novelty)),
      traits,
    );
  const all = overallSpread(figures, traits, ofAllMetrics);
  // Few set-ups were measured twice, and one draw holds most of their figures: they are no surer than both classes together.
  const seen = Math.max(logOf('group_seen') ?? 0, logOf('group_seen', 'group_new') ?? all);
  const fresh = Math.max(seen, logOf('group_new') ?? all);
  const logs: Record<Novelty, number> = {
    group_seen: seen,
    group_new: fresh,
    gpu_unseen: Math.max(fresh, logOf('gpu_unseen') ?? fresh),
    engine_unseen: Math.max(UNSEEN_ENGINE * fresh, logOf('engine_unseen') ?? 0),
    model_unseen: Math.max(fresh, logOf('model_unseen') ?? fresh),
  };
  return {
    factors: Object.fromEntries(NOVELTIES.map((novelty) => [novelty, rounded(Math.exp(logs[novelty]))])) as Record<
      Novelty,
      number
    >,
    traits: Object.fromEntries(Object.entries(traits).map(([trait, factor]) => [trait, rounded(factor)])),
    shares: commonShares(saysEnough(unseenModels) ? unseenModels : figures),
  };
}

const BASIS =
  'Errors of figures that were left out of the fit, one fifth of the groups of (source, GPU, model), one GPU, one engine generation and one architecture at a time; each class holds four in five of its own.';

/** What intervals are made from: the spread of left-out errors by metric, novelty and trait; null where nothing was left out. */
export function residualSpread(figures: readonly LeftOutFigure[]): ResidualSpread | null {
  if (figures.length === 0) return null;
  const of = Object.fromEntries(
    UNCERTAIN_METRICS.map((metric) => [
      metric,
      spreadOf(
        figures.filter((figure) => figure.metric === metric),
        figures,
      ),
    ]),
  ) as Record<UncertainMetric, ReturnType<typeof spreadOf>>;
  const each = <Part>(part: (spread: ReturnType<typeof spreadOf>) => Part) =>
    Object.fromEntries(UNCERTAIN_METRICS.map((metric) => [metric, part(of[metric])])) as Record<UncertainMetric, Part>;
  return {
    basis: BASIS,
    factors: each(({ factors }) => factors),
    traits: each(({ traits }) => traits),
    commonShares: each(({ shares }) => ({ question: rounded(shares.question), gpu: rounded(shares.gpu) })),
  };
}

/** A percentile of a latency that was predicted by a fit which had not seen it. */
export interface LeftOutPercentile {
  point: string;
  group: string;
  metric: LatencyMetric;
  percentile: UncertainPercentile;
  /** ln(predicted / measured). */
  logError: number;
  /** ln of the 80 % factor of its mean. */
  logFactor: number;
}

/** What ln(factor) has to be multiplied by for four in five measured values of a percentile to lie within. */
export function percentileMultipliers(
  figures: readonly LeftOutPercentile[],
): NonNullable<ResidualSpread['percentiles']> {
  const multipliers: NonNullable<ResidualSpread['percentiles']> = {};
  for (const metric of LATENCY_METRICS) {
    for (const percentile of UNCERTAIN_PERCENTILES) {
      const own = figures.filter((figure) => figure.metric === metric && figure.percentile === percentile);
      if (!saysEnough(own)) continue;
      const needed = own.map(({ logError, logFactor }) => Math.abs(logError) / logFactor);
      multipliers[metric] = {
        ...multipliers[metric],
        [percentile]: rounded(clamp(sampleQuantile(needed, COVERED), PERCENTILE_LIMITS)),
      };
    }
  }
  return multipliers;
}
