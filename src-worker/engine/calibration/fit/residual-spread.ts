import { sampleQuantile } from '../../numerics/sample.ts';
import {
  NOVELTIES,
  UNCERTAIN_METRICS,
  UNCERTAIN_TRAITS,
  type Novelty,
  type ResidualSpread,
  type UncertainMetric,
  type UncertainTrait,
} from '../types.ts';

/** A figure that was predicted by a fit which had not seen it. */
export interface LeftOutFigure {
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
/** Fewer figures say nothing of their own. */
const FEWEST = 20;
/** A trait never widens or narrows an interval by more than this. */
const TRAIT_LIMITS = { least: 0.6, most: 2.5 };
/** An unknown engine is at least this much less sure than a known one, in ln units (FIDELITY.md section 7). */
const UNSEEN_ENGINE = 1.3;

const SPLIT_ROUNDS = 4;

/** The class a figure speaks for: the one thing that was new about it. */
function classOf({ novelties }: LeftOutFigure): Novelty | null {
  const [first, second, third] = novelties;
  if (third !== undefined || first === undefined) return null;
  return second ?? first;
}

const absolute = (figures: readonly LeftOutFigure[], scaleOf: (figure: LeftOutFigure) => number): number[] =>
  figures.map((figure) => Math.abs(figure.logError) / scaleOf(figure));

const clamp = (value: number): number => Math.min(TRAIT_LIMITS.most, Math.max(TRAIT_LIMITS.least, value));

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
      const [having, lacking] = [true, false].map((has) =>
        absolute(
          figures.filter(({ traits }) => traits.includes(trait) === has),
          scaleOf,
        ),
      ) as [number[], number[]];
      if (having.length < FEWEST || lacking.length < FEWEST) continue;
      factors.set(trait, clamp(sampleQuantile(having, COVERED) / sampleQuantile(lacking, COVERED)));
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
  if (figures.length < FEWEST || total === 0) return { question: 0, gpu: 0 };
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
  if (figures.length < FEWEST) return null;
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
  const logOf = (novelty: Novelty): number | null =>
    classSpread(
      figures.filter((figure) => classOf(figure) === novelty),
      traits,
    );
  const all = overallSpread(figures, traits, ofAllMetrics);
  const seen = logOf('group_seen') ?? logOf('group_new') ?? all;
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
    shares: commonShares(unseenModels.length < FEWEST ? figures : unseenModels),
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
