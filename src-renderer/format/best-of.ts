import type { Recommendation } from '../../src-worker/protocol/documents.ts';
import { configurationName, metric } from '../../src-worker/protocol/metrics.ts';
import { gpuLabel, precisionLabel } from './names.ts';
import { formatMs, formatSignificant, formatTimes, formatUsd, plural } from '../../src-worker/protocol/numbers.ts';

/** One card of the strip: the winner of a criterion. */
export interface BestOf {
  id: string;
  criterion: string;
  /** Metric that is won by. */
  metricId: string;
  /** The winning figure with its unit. */
  figure: string;
  /** What wins, or that the cheapest wins this too. */
  detail: string;
  row: Recommendation;
}

/** The most headroom competes within this many times what the first row takes. */
const MOST_FACTOR = 2;

const gpusOf = ({ instances, gpu_count: count }: Recommendation): number => instances * count;

const named = (row: Recommendation, withPrice: boolean): string => {
  const last = withPrice && row.cost.usd_per_hour !== null ? `${formatUsd(row.cost.usd_per_hour)}/h` : hardware(row);
  return `${configurationName(row)}, ${last}`;
};

const hardware = (row: Recommendation): string => `${gpuLabel(row.gpu)} ${precisionLabel(row.quantization)}`;

/** Smallest or largest first by a metric; rows without the value do not compete; the ranking decides ties. */
function winner(rows: Recommendation[], id: string): Recommendation | null {
  const { better, value } = metric(id);
  const sign = better === 'higher' ? -1 : 1;
  return rows.reduce<Recommendation | null>((best, row) => {
    const [candidate, leader] = [value(row), best && value(best)];
    if (candidate === null) return best;
    return leader === null || sign * candidate < sign * leader ? row : best;
  }, null);
}

interface Criterion {
  id: string;
  criterion: string;
  metricId: string;
  figure: (row: Recommendation) => string;
}

const CHEAPEST: Criterion = {
  id: 'cheapest',
  criterion: 'Cheapest',
  metricId: 'usd_per_hour',
  figure: ({ cost }) => `${formatUsd(cost.usd_per_hour)}/h`,
};
/** Stands in the place of the cheapest where nothing has a price. */
const FEWEST_GPUS: Criterion = {
  id: 'cheapest',
  criterion: 'Fewest GPUs',
  metricId: 'replicas',
  figure: (row) => plural(gpusOf(row), 'GPU'),
};
const FIRST_TOKEN: Criterion = {
  id: 'first-token',
  criterion: 'Fastest first token',
  metricId: 'ttft_p95',
  figure: (row) => `${formatMs(row.ttft_ms.p95)} ms TTFT P95`,
};
const STREAM: Criterion = {
  id: 'stream',
  criterion: 'Fastest stream',
  metricId: 'speed_per_user',
  figure: (row) => `${formatSignificant(metric('speed_per_user').value(row))} tokens/s`,
};
const room = (measure: string): Criterion => ({
  id: 'room',
  criterion: `Most headroom, ${measure} ≤ ${MOST_FACTOR}×`,
  metricId: 'room',
  figure: (row) => `${formatTimes(metric('room').value(row))} the load`,
});

/**
 * Cheapest, fastest first token, fastest stream, most headroom at no more than twice the cost. Where the first has no price,
 * none has one: then GPUs stand for it.
 */
export function bestOf(rows: Recommendation[]): BestOf[] {
  const [cheapest] = rows;
  if (!cheapest) return [];
  const least = cheapest.cost.usd_per_hour;
  const affordable = rows.filter((row) =>
    least === null
      ? gpusOf(row) <= MOST_FACTOR * gpusOf(cheapest)
      : row.cost.usd_per_hour !== null && row.cost.usd_per_hour <= MOST_FACTOR * least,
  );
  const first = least === null ? FEWEST_GPUS : CHEAPEST;
  const card = ({ id, criterion, metricId, figure }: Criterion, row: Recommendation | null): BestOf[] => {
    if (!row) return [];
    const isTie = id !== first.id && row.id === cheapest.id;
    const same = least === null ? 'the same' : 'same as cheapest';
    const detail = isTie ? same : named(row, id !== first.id);
    return [{ id, criterion, metricId, figure: figure(row), detail, row }];
  };
  return [
    ...card(first, cheapest),
    ...card(FIRST_TOKEN, winner(rows, FIRST_TOKEN.metricId)),
    ...card(STREAM, winner(rows, STREAM.metricId)),
    ...card(room(least === null ? 'GPUs' : 'cost'), winner(affordable, 'room')),
  ];
}
