import { CHANCE_BESIDE_RANGES, chanceText, chanceWords } from '../../src-worker/protocol/chances.ts';
import type { IntervalKey, IntervalRange, Recommendation, SizeDocument } from '../../src-worker/protocol/documents.ts';
import { isMetric, metric } from '../../src-worker/protocol/metrics.ts';
import { formatFixed, formatMs, formatSignificant, formatUsd } from '../../src-worker/protocol/numbers.ts';

/** What a range is, for tooltips. */
export const RANGE_DEFINITION =
  '80 % range: about four in five measured values lie within. How wide it is depends on what of the GPU, the engine and the model was measured before.';

type Ranged = Pick<Recommendation, 'interval'>;

/** The range of a figure by its key, null where it has none. */
export const rangeOf = ({ interval }: Ranged, key: IntervalKey): IntervalRange | null => interval?.[key] ?? null;

/** That of a latency by its metric, `ttft_p95`. */
export function latencyRange({ interval }: Ranged, metricId: string): IntervalRange | null {
  const column = isMetric(metricId) ? metric(metricId).column : null;
  // Columns of latencies are the keys of their ranges.
  return column === null ? null : (interval?.[column as IntervalKey] ?? null);
}

/** `31–47`, as it stands in tables; empty without a range. */
export function rangeCell(range: IntervalRange | null, format: (value: number) => string = formatMs): string {
  if (!range) return '';
  const [low, high] = range;
  if (high === null) return `${format(low)} or more`;
  const [from, to] = [format(low), format(high)];
  return from === to ? from : `${from}–${to}`;
}

/** `25.1 to 30.6 likely`, as it stands below a figure, with a unit where another figure follows; empty without a range. */
export function likelyText(
  range: IntervalRange | null,
  format: (value: number) => string = formatSignificant,
  unit = '',
): string {
  if (!range) return '';
  const [low, high] = range;
  if (high === null) return `${format(low)}${unit} or more likely`;
  const [from, to] = [format(low), format(high)];
  return from === to ? `${from}${unit} likely` : `${from} to ${to}${unit} likely`;
}

/** What the ranges of a row rest on, or why it has none; answers of earlier versions say neither. */
export const rangeBasis = (row: Pick<Recommendation, 'interval_basis' | 'interval_reason'>): string =>
  row.interval_basis?.sentence ?? row.interval_reason ?? '';

const MS_PER_S = 1000;

/** Tokens/s of a user from the range of a time per token: the slow end of one is the low end of the other. */
export function speedRange(row: Ranged): IntervalRange | null {
  const range = rangeOf(row, 'tpot_ms_p50');
  if (!range) return null;
  const [low, high] = range;
  return high === null || low <= 0 ? null : [MS_PER_S / high, MS_PER_S / low];
}

/** What the row would cost and need if it were planned with the true speeds; empty without a price or a range. */
export function costRangeSentence(row: Recommendation): string {
  const [cost, replicas] = [rangeOf(row, 'usd_per_hour'), rangeOf(row, 'replicas')];
  if (!cost || !replicas) return '';
  const [fewest, most] = replicas;
  const needed = most === null ? `${fewest} or more` : fewest === most ? `${fewest}` : `${fewest} to ${most}`;
  const end = most === null ? ' At the slow end even an idle replica misses a target.' : '';
  return `Likely ${rangeCell(cost, formatUsd)} an hour, planned with the true speed (replicas: ${needed}).${end}`;
}

/** How sure the choice is, in words and numbers; only of the first row it is known whether it stays the cheapest. */
export function chanceSentence({ decision, num_passing: passing }: SizeDocument, row: Recommendation): string {
  // Answers stored by earlier versions have no such key.
  const meets = row.meets_targets_probability ?? null;
  if (meets === null) return '';
  const lead = `Meeting the targets as planned is ${chanceWords(meets)} (${chanceText(meets)})`;
  if (row.rank !== 1 || !decision || decision.candidates < 2) return `${lead}. ${CHANCE_BESIDE_RANGES}`;
  const best = row.cost.usd_per_hour === null ? 'taking the fewest GPUs' : 'being the cheapest';
  const compared =
    passing > decision.candidates
      ? `the first ${decision.candidates} of ${formatFixed(passing)} that pass`
      : `the ${decision.candidates} that pass`;
  return `${lead}; ${best} of ${compared}, ${chanceText(decision.cheapest_probability)}. ${CHANCE_BESIDE_RANGES}`;
}
