import { formatFixed, formatPercent, formatSignificant, formatUsd, plural } from './numbers.ts';
import { precisionLabel } from './precision-labels.ts';
import { isOfTargets, reasonClause } from './reason-words.ts';
import {
  CHOICE_AXES,
  type AxisMetric,
  type BreakEvenChange,
  type BreakEvenLine,
  type Choice,
  type ComparedValue,
  type Comparison,
  type ComparisonDocument,
  type Cost,
  type GoodputDocument,
  type LineChoice,
  type Place,
  type StayingReason,
} from './run-analysis.ts';
import { columnUnit } from './sweep-columns.ts';
import type { CheapestOutcome, SensitivityEnd } from './sensitivity.ts';

/* Answers over a run in words: the command line and the window say the same. */

/** An axis as a person calls it: `sla_ttft_p95_ms` is `TTFT P95 target`. */
export function axisWords(axis: string): string {
  const target = /^sla_(ttft|tpot|e2e)_(mean|p50|p95|p99)_ms$/.exec(axis);
  if (target) return `${String(target[1]).toUpperCase()} ${String(target[2]).replace('p', 'P')} target`;
  return AXIS_WORDS[axis] ?? axis.replaceAll('_', ' ');
}

const AXIS_WORDS: Partial<Record<string, string>> = {
  rate: 'requests/s',
  tp: 'TP',
  pp: 'PP',
  gpu: 'GPU',
  max_gpus: 'most GPUs',
  quantization: 'weights',
  kv_cache_dtype: 'KV cache',
};

/** Units that the words of an axis do not say. */
const UNIT_WORDS: readonly string[] = ['ms', 's', '%'];

const PRICING_WORDS: Partial<Record<string, string>> = { ondemand: 'on-demand', spot: 'spot' };

export const valueWords = (axis: string, value: number | string): string => {
  if (typeof value === 'number') {
    const unit = UNIT_WORDS.includes(columnUnit(axis) ?? '') ? ` ${columnUnit(axis)}` : '';
    return `${Number.isInteger(value) ? formatFixed(value) : String(value)}${unit}`;
  }
  if (axis === 'pricing') return PRICING_WORDS[value] ?? value;
  return axis === 'quantization' ? precisionLabel(value) : value;
};

/** `users 100, pricing spot`; empty for no axis at all. */
export const placeWords = (place: Place): string =>
  Object.entries(place)
    .map(([axis, value]) => `${axisWords(axis)} ${valueWords(axis, value)}`)
    .join(', ');

/** `g2-standard-8, TP 1, FP8 (gcp)`. */
export const choiceWords = ({ provider, instance, quantization, ...choice }: Choice): string => {
  const { tensor_parallel: tp, pipeline_parallel: pp } = choice;
  return `${instance}, TP ${tp}${pp > 1 ? `, PP ${pp}` : ''}, ${precisionLabel(quantization)} (${provider})`;
};

/** Axes that were left to choose and do not stand in the words of a choice: they need columns of their own. */
export const axesBesideChoice = (rows: readonly { chosen: Place }[]): string[] =>
  [...new Set(rows.flatMap(({ chosen }) => Object.keys(chosen)))].filter((axis) => !CHOICE_AXES.includes(axis));

export const costWords = (cost: Cost): string => `${formatUsd(cost.usd_per_hour)}/h`;

/** The values of chosen axes that the name of a configuration does not tell: of pricing, place and KV cache. */
export const unnamedChosen = (chosen: Place): Place =>
  Object.fromEntries(Object.entries(chosen).filter(([axis]) => !CHOICE_AXES.includes(axis)));

/** `g2-standard-8, TP 1, FP8 (gcp), pricing spot`. */
export function lineChoiceWords(choice: Choice | LineChoice): string {
  const more = 'chosen' in choice ? placeWords(unnamedChosen(choice.chosen)) : '';
  return more === '' ? choiceWords(choice) : `${choiceWords(choice)}, ${more}`;
}

/** `3 × g2-standard-8, TP 1, FP8 (gcp) at $4.20/h`; what stands in the way where nothing passes. */
export function outcomeWords(
  choice: Choice | LineChoice | null,
  cost: Cost | null,
  reason: string | null = null,
): string {
  if (!choice)
    return isOfTargets(reason) ? 'nothing that meets the targets' : `nothing (${reasonClause(String(reason))})`;
  if (!cost) return `${lineChoiceWords(choice)} without a price`;
  return `${formatFixed(cost.instances)} × ${lineChoiceWords(choice)} at ${costWords(cost)}`;
}

const choiceAt = ({ choices }: BreakEvenLine, index: number | null): LineChoice | null =>
  index === null ? null : (choices[index] ?? null);

const reasonAt = ({ steps }: BreakEvenLine, value: number): string | null =>
  steps.find((step) => step.value === value)?.reason ?? null;

/** What changes from one value to the next, and what staying would cost. */
export function changeWords(line: BreakEvenLine, along: string, change: BreakEvenChange): string {
  const { from, to, before, after, cost_before: costBefore, cost_after: costAfter } = change;
  const where = `${axisWords(along)} ${valueWords(along, from)} to ${valueWords(along, to)}`;
  const [old, next] = [choiceAt(line, before), choiceAt(line, after)];
  const stay = old && next ? ` ${stayingWords(old, change)}` : '';
  const [was, is] = [
    outcomeWords(old, costBefore, reasonAt(line, from)),
    outcomeWords(next, costAfter, reasonAt(line, to)),
  ];
  return `${where}: from ${was} to ${is}.${stay}`;
}

function stayingWords({ instance }: Choice, change: BreakEvenChange): string {
  const { staying, staying_reason: reason, staying_excluded: excluded, cost_after: after } = change;
  if (!staying) return reason === null ? '' : NO_STAYING_WORDS[reason](instance, excluded);
  if (!after) return `Staying would cost ${costWords(staying)}.`;
  if (staying.usd_per_hour === after.usd_per_hour) return 'Staying would cost the same.';
  // A difference below what is shown of a price would read as none.
  return costWords(staying) === costWords(after)
    ? `Staying would cost ${formatUsd(staying.usd_per_hour - after.usd_per_hour)}/h more.`
    : `Staying would cost ${costWords(staying)}.`;
}

const NO_STAYING_WORDS: Record<StayingReason, (instance: string, excluded: string | null) => string> = {
  nothing_before: () => '',
  same_instance: () => 'The same instance with another plan.',
  not_possible(instance, excluded) {
    if (excluded === null) return `${instance} is not offered there.`;
    if (isOfTargets(excluded)) return `${instance} no longer meets the targets.`;
    return `${instance} does not pass there: ${reasonClause(excluded)}.`;
  },
  without_price: (instance) => `${instance} meets the targets there, too, without a price.`,
  not_known: (instance) => `What ${instance} would cost there could not be read.`,
};

/** In one sentence, for a line without a change. */
export function unchangedWords(line: BreakEvenLine, along: string): string {
  const [first] = line.steps;
  const last = line.steps.at(-1);
  if (!first || !last) return 'No points.';
  const span =
    first === last
      ? `at the one value there is, ${axisWords(along)} ${valueWords(along, first.value)}`
      : `from ${axisWords(along)} ${valueWords(along, first.value)} to ${valueWords(along, last.value)}`;
  const choice = choiceAt(line, first.choice);
  if (!choice) {
    return isOfTargets(line.reason)
      ? `Nothing meets the targets ${span}.`
      : `No answer ${span}, most often because ${reasonClause(String(line.reason))}.`;
  }
  if (line.steps.some(({ cost }) => cost)) return `${lineChoiceWords(choice)} is cheapest ${span}: nothing changes.`;
  // What has no price comes after what has one, the fewest GPUs first (engine/sizing/plan-order.ts).
  return `${lineChoiceWords(choice)} meets the targets with the fewest GPUs ${span}. It has no price, so nothing is known of its cost.`;
}

/** What a break-even answer says of points it has no room for; null where it holds all. */
export const leftOutWords = (points: number): string | null =>
  points === 0
    ? null
    : `${plural(points, 'point')} beyond what an answer holds (or without a value of an axis) left out: fix axes to see them.`;

/** `55 % to 68 %`, or one figure where both are the same. */
export const spanWords = (least: number, most: number, words: (value: number) => string): string =>
  words(least) === words(most) ? words(least) : `${words(least)} to ${words(most)}`;

/** The verdict over all situations: `spot is cheaper than on-demand throughout, by 55 % to 68 %: ...`. */
export function comparisonWords(between: string, pair: Comparison): string {
  const { a, b, a_cheaper: cheaperA, b_cheaper: cheaperB, equal, ratio } = pair;
  const [nameA, nameB] = [valueWords(between, a), valueWords(between, b)];
  const compared = cheaperA + cheaperB + equal;
  if (!ratio || compared === 0)
    return `${nameA} and ${nameB} are never both possible with a price, so nothing compares.`;
  if (equal === compared) return `${nameA} and ${nameB} cost the same throughout (${plural(compared, 'situation')}).`;
  const saved = (least: number, most: number): string => spanWords(Math.max(0, 1 - most), 1 - least, formatPercent);
  if (cheaperA === 0 || cheaperB === 0) {
    const [cheaper, dearer, by] =
      cheaperA === 0
        ? [nameB, nameA, saved(ratio.least, ratio.most)]
        : [nameA, nameB, saved(1 / ratio.most, 1 / ratio.least)];
    const where =
      equal > 0
        ? `in ${formatFixed(compared - equal)} of ${plural(compared, 'situation')} and never dearer`
        : 'throughout';
    return `${cheaper} is cheaper than ${dearer} ${where}, by ${by}: ${factorWords(pair, nameA, nameB)}`;
  }
  return `${nameA} is cheaper in ${formatFixed(cheaperA)}, ${nameB} in ${formatFixed(cheaperB)} of ${plural(compared, 'situation')}: ${factorWords(pair, nameA, nameB)}`;
}

function factorWords({ break_even_price_factor: factor }: Comparison, nameA: string, nameB: string): string {
  if (!factor) return `${nameB} costs nothing.`;
  return `they break even where ${nameB} costs ${spanWords(factor.least, factor.most, (value) => formatSignificant(value))} times what it does.`;
}

/** What a comparison says, a sentence for each pair, of many values for each of the cheapest. */
export function comparisonSentences({ between, values, pairs, situations }: ComparisonDocument): string[] {
  if (values.length < 2) return [`Only one value of ${axisWords(between)} has points here: nothing compares.`];
  if (pairs.length > 0) {
    return pairs.map((pair) => [comparisonWords(between, pair), onlyWords(between, pair)].filter(Boolean).join(' '));
  }
  const rest = values.length - MOST_SENTENCES;
  return [
    ...values.slice(0, MOST_SENTENCES).map((value) => comparedWords(between, value, situations)),
    ...(rest > 0 ? [`And ${plural(rest, 'value')} that cost more or do not compare.`] : []),
  ];
}

/** Values of an axis that have a sentence each. */
const MOST_SENTENCES = 12;

/** `us-east1-b: 1.04 times the cheapest on average, $0.88 to $5.28/h; cheapest in 3 of 9 situations, alone in 2 more.` */
function comparedWords(between: string, compared: ComparedValue, situations: number): string {
  const { value, situations: priced, alone, cheapest, usd_per_hour: usd, times_cheapest: times } = compared;
  const name = valueWords(between, value);
  if (!usd) return `${name}: nothing with a price meets the targets.`;
  const span = `${spanWords(usd.least, usd.most, formatUsd)}/h`;
  const mean = times ? `${formatSignificant(times.mean)} times the cheapest on average, ` : '';
  const among = priced - alone;
  const rank =
    among > 0
      ? `cheapest in ${formatFixed(cheapest)} of ${plural(among, 'situation')}${alone > 0 ? `, alone in ${formatFixed(alone)} more` : ''}`
      : `alone in ${plural(alone, 'situation')}, so nothing compares`;
  const without = situations - priced;
  return `${name}: ${mean}${span}; ${rank}${without > 0 ? `, without a cost in ${formatFixed(without)}` : ''}.`;
}

/** What a pair says of situations that have only one side, or none; null where all have both. */
export function onlyWords(between: string, { a, b, only_a: onlyA, only_b: onlyB, neither }: Comparison): string | null {
  const parts = [
    onlyA > 0 ? `${plural(onlyA, 'situation')} with ${valueWords(between, a)} alone` : '',
    onlyB > 0 ? `${plural(onlyB, 'situation')} with ${valueWords(between, b)} alone` : '',
    neither > 0 ? `${plural(neither, 'situation')} with neither` : '',
  ].filter((part) => part !== '');
  return parts.length > 0 ? `Beside them ${parts.join(', ')}.` : null;
}

/** `no change`, `same plan`, `2 × a2-highgpu-1g`, `another plan: ...`, `nothing meets the targets`. */
export function endWords({ effect, outcome }: SensitivityEnd, base: CheapestOutcome | null): string {
  if (effect === 'no_answer' || !outcome) return 'nothing meets the targets';
  if (effect === 'same') return 'no change';
  if (effect === 'cost' && outcome.instances === base?.instances) return 'same plan';
  const count = `${formatFixed(outcome.instances)} × ${outcome.instance}`;
  return effect === 'plan' ? `another plan: ${count}, TP ${outcome.tensor_parallel}` : count;
}

export const GOODPUT_DEFINITION =
  'Goodput: the most requests a second that can be served with every target met, all replicas that the instances hold at their capacity. Requests a second per GPU are goodput as DistServe (Zhong et al., OSDI 2024) defines it.';

/** Share of the points that something meets: `all 12 points`, `9 of 12 points`. */
export function metWords({ points, points_met: met }: { points: number; points_met: number }): string {
  if (met < points) return `${formatFixed(met)} of ${plural(points, 'point')}`;
  return points === 1 ? 'the one point' : `all ${plural(points, 'point')}`;
}

interface MetPoints {
  points: number;
  points_met: number;
  reason: string | null;
}

/** `9 of 12 points met`, and why most of the others have no answer where it is no matter of targets. */
export function metSentence({ reason, ...met }: MetPoints): string {
  if (met.points_met === met.points || isOfTargets(reason)) return `${metWords(met)} met`;
  const others = met.points_met === 0 ? '' : 'the others ';
  return `${metWords(met)} met, ${others}most often because ${reasonClause(String(reason))}`;
}

/** Of situations none of which has an answer: why. */
export function noGoodputWords(groups: readonly MetPoints[]): string {
  const [most] = [...groups].sort((one, other) => other.points - one.points);
  return !most || isOfTargets(most.reason)
    ? 'Nothing meets the targets at any point, so there is no goodput.'
    : `No point has an answer, most often because ${reasonClause(String(most.reason))}, so there is no goodput.`;
}

/** A label within a sentence: `Cost` is `cost`, `TTFT P95` stays. */
const inSentence = (label: string): string =>
  /^[A-Z][a-z]/.test(label) ? `${label.charAt(0).toLowerCase()}${label.slice(1)}` : label;

/** `Lower cost and lower TTFT P95 are better.` */
export const betterWords = (x: AxisMetric, y: AxisMetric): string =>
  `${x.better === 'lower' ? 'Lower' : 'Higher'} ${inSentence(x.label)} and ${y.better} ${inSentence(y.label)} are better.`;

export const hasPrices = ({ groups }: GoodputDocument): boolean =>
  groups.some(({ rows }) => rows.some((row) => row.requests_per_usd !== null));
