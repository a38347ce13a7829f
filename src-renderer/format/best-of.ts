import type { Recommendation } from '../../src-worker/protocol/documents.ts';
import { configurationName, metric } from '../../src-worker/protocol/metrics.ts';
import { gpuLabel, precisionLabel } from './names.ts';
import { formatMs, formatSignificant, formatTimes, formatUsd } from '../../src-worker/protocol/numbers.ts';

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

const MOST_COST_FACTOR = 2;

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
  figure: ({ cost }) => (cost.usd_per_hour === null ? 'Price unknown' : `${formatUsd(cost.usd_per_hour)}/h`),
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
const ROOM: Criterion = {
  id: 'room',
  criterion: `Most headroom, cost ≤ ${MOST_COST_FACTOR}×`,
  metricId: 'room',
  figure: (row) => `${formatTimes(metric('room').value(row))} the load`,
};

/** Cheapest, fastest first token, fastest stream, most headroom at no more than twice the cost. */
export function bestOf(rows: Recommendation[]): BestOf[] {
  const [cheapest] = rows;
  if (!cheapest) return [];
  const least = cheapest.cost.usd_per_hour;
  const affordable = rows.filter(
    ({ cost }) => least === null || (cost.usd_per_hour !== null && cost.usd_per_hour <= MOST_COST_FACTOR * least),
  );
  const card = ({ id, criterion, metricId, figure }: Criterion, row: Recommendation | null): BestOf[] => {
    if (!row) return [];
    const isTie = id !== CHEAPEST.id && row.id === cheapest.id;
    const detail = isTie ? 'same as cheapest' : named(row, id !== CHEAPEST.id);
    return [{ id, criterion, metricId, figure: figure(row), detail, row }];
  };
  return [
    ...card(CHEAPEST, cheapest),
    ...card(FIRST_TOKEN, winner(rows, FIRST_TOKEN.metricId)),
    ...card(STREAM, winner(rows, STREAM.metricId)),
    ...card(ROOM, winner(affordable, ROOM.metricId)),
  ];
}
